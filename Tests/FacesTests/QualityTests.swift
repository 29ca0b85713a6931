import Faces
import Frames
import Testing

@Suite(.enabled(if: Portraits.areThere, "the package registry cannot be reached"))
struct QualityTests {
  private let engine: FaceEngine

  init() throws {
    engine = FaceEngine(models: try #require(Portraits.models))
  }

  private func face(
    _ image: TestImage, change: (inout FaceSettings) -> Void = { _ in }
  ) throws -> AnalysedFace {
    var settings = FaceSettings()
    change(&settings)
    let luma = image.luma
    let faces = try engine.analyse(
      luma: unsafe luma.span.bytes, PixelLayout(.luma, size: image.size), settings: settings,
      colour: { _ in FacePatch(pixels: image.rgb, layout: image.rgbLayout) }
    ).faces
    return try #require(faces.first)
  }

  @Test func `A good portrait passes every gate and is encoded`() throws {
    for name in ["obama.jpg", "biden.jpg", "grace_hopper.jpg"] {
      let face = try face(try Portraits.picture(name))
      #expect(face.quality?.failed == [])
      #expect(face.encoding?.count == FaceEncoder.count)
      #expect(face.track == nil)
    }
  }

  @Test func `A blurred face is named so and not encoded, but where that is asked for`() throws {
    let image = try Portraits.picture("obama.jpg").blurred(radius: 6)
    let blurred = try face(image)
    #expect(blurred.quality?.failed == [.blurred])
    #expect(blurred.encoding == nil)
    #expect(try face(image) { $0.encodesPoorOnes = true }.encoding != nil)
    #expect(try face(image) { $0.quality.sharpnessMin = 0 }.encoding != nil)
  }

  @Test func `A small face is named so`() throws {
    let image = try Portraits.picture("obama.jpg", longestSide: 400)
    let failed = try face(image) { $0.quality.widthMin = 2000 }.quality?.failed
    #expect(failed == [.small])
  }

  @Test func `A face cut by the picture's edge is named so`() throws {
    let image = try Portraits.picture("obama.jpg")
    let whole = try face(image).box
    let cut = image.cropped(
      x: Int(whole.x + whole.width * 0.18), y: 0, width: image.width / 2, height: image.height)
    let found = try face(cut) { $0.detector.thresholdOffset = -1 }
    #expect(found.quality?.failed.contains(.clipped) == true)
  }

  @Test func `Landmarks tell how a head is turned`() {
    let front = Landmarks(
      points: [(80, 50), (60, 50), (20, 50), (40, 50), (50, 80)].map { FacePoint(x: $0.0, y: $0.1) }
    )
    #expect(abs(front.roll) < 1e-9 && abs(front.yaw) < 1e-9)
    var side = front
    side.points[4].x = 75
    #expect(side.yaw > 0.3)
    side.points[4].x = 25
    #expect(side.yaw < -0.3)
    // A quarter turn clockwise.
    let lying = Landmarks(points: front.points.map { FacePoint(x: 100 - $0.y, y: $0.x) })
    #expect(abs(lying.roll - 90) < 1e-9 && abs(lying.yaw) < 1e-9)
    let chip = [UInt8](repeating: 0, count: 150 * 150 * 3)
    let quality = FaceQuality(
      box: FaceBox(x: 0, y: 0, width: 100, height: 100), landmarks: lying, chip: chip,
      in: .init(width: 100, height: 100), limits: QualityLimits())
    #expect(quality.failed == [.blurred, .turned])
  }

  @Test func `Jitters give a face the same numbers each time, near to those without`() throws {
    let image = try Portraits.picture("obama.jpg", longestSide: 400)
    let plain = try #require(try face(image).encoding)
    let first = try #require(try face(image) { $0.encoder.jitters = 10 }.encoding)
    let second = try #require(try face(image) { $0.encoder.jitters = 10 }.encoding)
    #expect(first == second && first != plain)
    #expect(euclideanDistance(plain, first) < 0.3)
    #expect(throws: FacesError.self) { _ = try face(image) { $0.encoder.jitters = 1001 } }
  }

  @Test func `One person's photographs are nearer than 0.6, another's are not`() throws {
    let encodings = try ["obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg", "grace_hopper.jpg"]
      .map { name in
        try #require(
          try face(try Portraits.picture(name)) {
            $0.detector.upsampling = 1
            $0.encodesPoorOnes = true
          }.encoding)
      }
    for one in encodings.indices {
      for other in encodings.indices where other > one {
        let distance = euclideanDistance(encodings[one], encodings[other])
        #expect((distance < 0.6) == (other < 3))
      }
    }
  }
}
