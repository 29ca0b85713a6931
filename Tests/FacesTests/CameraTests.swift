import Faces
import Frames
import Testing

/// Pictures of one camera, one after the other.
@Suite(.enabled(if: Portraits.areThere, "the package registry cannot be reached"))
struct CameraTests {
  private let engine: FaceEngine
  private let camera = FaceCamera()
  private let portrait: TestImage
  private var settings = FaceSettings()

  init() throws {
    engine = FaceEngine(models: try #require(Portraits.models))
    portrait = try Portraits.picture("obama.jpg", longestSide: 400)
    settings.encodes = false
  }

  /// The portrait on a grey wall; nil for the wall alone.
  private func frame(at x: Int?, y: Int = 20, of portrait: TestImage? = nil) -> [UInt8] {
    var luma = [UInt8](repeating: 90, count: 640 * 480)
    guard let x else { return luma }
    let portrait = portrait ?? self.portrait
    let pixels = portrait.luma
    for row in 0..<portrait.height where (0..<480).contains(y + row) {
      for column in 0..<portrait.width where (0..<640).contains(x + column) {
        luma[(y + row) * 640 + x + column] = pixels[row * portrait.width + column]
      }
    }
    return luma
  }

  private func analyse(_ luma: [UInt8], _ settings: FaceSettings) throws -> FaceAnalysis {
    try engine.analyse(
      luma: unsafe luma.span.bytes, PixelLayout(.luma, size: FrameSize(width: 640, height: 480)),
      camera: camera, settings: settings)
  }

  @Test func `A face that moves keeps its track, and is where a search would find it`() throws {
    var works: [FaceAnalysis.Work] = []
    for step in 0..<16 {
      let luma = frame(at: 10 + 6 * step)
      let analysis = try analyse(luma, settings)
      works.append(analysis.work)
      #expect(analysis.faces.map(\.track) == [1])
      let searched = try engine.analyse(
        luma: unsafe luma.span.bytes, PixelLayout(.luma, size: FrameSize(width: 640, height: 480)),
        settings: settings)
      let overlap = try #require(analysis.faces.first).box.overlap(
        try #require(searched.faces.first).box)
      #expect(overlap > 0.6)
    }
    #expect(works.indices.filter { works[$0] == .detected } == [0, 1, 6, 11])
    #expect(!works.contains(.unchanged))
  }

  @Test func `Noise is no change, and a still picture is not searched again`() throws {
    let still = frame(at: 100)
    var random = SystemRandomNumberGenerator()
    let first = try analyse(still, settings)
    #expect(first.work == .detected && first.faces.count == 1)
    for _ in 0..<8 {
      let noisy = still.map { UInt8(clamping: Int($0) + Int.random(in: -6...6, using: &random)) }
      let analysis = try analyse(noisy, settings)
      #expect(analysis.work == .unchanged)
      #expect(analysis.faces.map(\.track) == [1])
      #expect(analysis.faces.map(\.box) == first.faces.map(\.box))
    }
    // What changes slowly changes in the end.
    var sawChange = false
    for step in 1...20 {
      let brighter = still.map { UInt8(clamping: Int($0) + step) }
      if try analyse(brighter, settings).work != .unchanged { sawChange = true }
    }
    #expect(sawChange)
  }

  @Test func `A face that comes and then stays still is found`() throws {
    _ = try analyse(frame(at: nil), settings)
    _ = try analyse(frame(at: -150), settings)
    var found = 0
    for _ in 0..<16 {
      found = try analyse(frame(at: 60), settings).faces.count
    }
    #expect(found == 1)
  }

  @Test func `A face that goes is lost, and another scene is searched at once`() throws {
    #expect(try analyse(frame(at: 100), settings).faces.count == 1)
    let cut = try analyse([UInt8](repeating: 10, count: 640 * 480), settings)
    #expect(cut.work == .detected)
    var last = cut
    for step in 0..<15 {
      last = try analyse([UInt8](repeating: UInt8(20 + 8 * (step % 2)), count: 640 * 480), settings)
    }
    #expect(last.faces.isEmpty)
  }

  @Test func `A face that comes back is known by its encoding`() throws {
    var settings = settings
    settings.encodes = true
    settings.quality.sharpnessMin = 0
    settings.tracking.detectEvery = 1
    let other = try Portraits.picture("grace_hopper.jpg", longestSide: 400)
    #expect(try analyse(frame(at: 20), settings).faces.map(\.track) == [1])
    for step in 0..<4 {
      let empty = [UInt8](repeating: UInt8(40 + 20 * step), count: 640 * 480)
      let faces = try analyse(empty, settings).faces
      #expect(step < 2 || faces.isEmpty)
    }
    #expect(try analyse(frame(at: 300), settings).faces.map(\.track) == [1])
    _ = try analyse(frame(at: nil), settings)
    #expect(try analyse(frame(at: 20, of: other), settings).faces.map(\.track) == [2])
  }

  @Test func `Settings that change hold from the next picture on`() throws {
    #expect(try analyse(frame(at: 100), settings).faces.count == 1)
    var none = settings
    none.detector.thresholdOffset = 50
    let searched = try analyse(frame(at: 100), none)
    #expect(searched.work == .detected)
    var region = settings
    region.region = FaceBox(x: 0.75, y: 0, width: 0.25, height: 1)
    for _ in 0..<4 {
      #expect(try analyse(frame(at: 0), region).faces.allSatisfy { $0.isFollowed })
    }
  }

  @Test func `A track takes the name that the most and largest faces vote for`() throws {
    let faces = try analyse(frame(at: 100), settings).faces
    let track = try #require(faces.first?.track)
    #expect(camera.name(ofTrack: track) == nil)
    camera.vote("ada", forTrack: track, weight: 100)
    camera.vote("bob", forTrack: track, weight: 400)
    var winner = try #require(camera.vote("ada", forTrack: track, weight: 100))
    #expect(winner.name == "bob" && winner.share > 0.6)
    for _ in 0..<9 { winner = try #require(camera.vote(nil, forTrack: track, weight: 300)) }
    #expect(winner.name == nil)
    #expect(camera.vote("ada", forTrack: 99, weight: 1) == nil)
    camera.forgetNames()
    #expect(camera.name(ofTrack: track) == nil)
  }
}
