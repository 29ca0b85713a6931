import Faces
import Frames
import Testing

@Suite(.enabled(if: Portraits.areThere, "the package registry cannot be reached"))
struct DetectorTests {
  private func found(
    _ image: TestImage, region: FaceBox? = nil,
    change: (inout DetectorOptions) -> Void = { _ in }
  ) throws -> [FoundFace] {
    var options = DetectorOptions()
    change(&options)
    let luma = image.luma
    return try FaceDetector(options).faces(
      in: unsafe luma.span.bytes, PixelLayout(.luma, size: image.size), region: region)
  }

  @Test func `Rows with padding give what rows without give`() throws {
    let image = try Portraits.picture("obama.jpg", longestSide: 400)
    let expected = try found(image)
    #expect(expected.count == 1)
    let rows = padded(image.luma, row: image.width, padding: 13)
    let layout = PixelLayout(.luma, size: image.size, stride: image.width + 13)
    #expect(try FaceDetector().faces(in: unsafe rows.span.bytes, layout) == expected)
  }

  @Test func `A region of interest finds its faces, where they are in the whole picture`() throws {
    let pair = try TestImage.beside(
      Portraits.picture("obama.jpg", longestSide: 400),
      Portraits.picture("grace_hopper.jpg", longestSide: 400))
    let both = try found(pair)
    #expect(both.count == 2)
    for face in both {
      let part = try found(pair, region: face.box.grown(by: 0.6))
      #expect(part.count == 1)
      #expect(part.first.map { $0.box.overlap(face.box) > 0.8 } == true)
    }
    #expect(throws: FacesError.self) {
      _ = try found(pair, region: FaceBox(x: 9000, y: 0, width: 10, height: 10))
    }
  }

  /// A wider box than the one that is left out may be found instead of it.
  @Test func `Faces narrower than the minimum are left out, others stay as they are`() throws {
    let image = try Portraits.picture("obama.jpg", longestSide: 400)
    let face = try #require(try found(image).first)
    let width = Int(face.box.width)
    for upsampling in 0...1 {
      let all = try found(image) { $0.upsampling = upsampling }
      for least in [width / 2, width - 8, width + 9, 10 * width] {
        let large = try found(image) {
          $0.upsampling = upsampling
          $0.widthMin = least
        }
        #expect(large.allSatisfy { $0.box.width >= Double(least) })
        for face in all where face.box.width >= Double(least) { #expect(large.contains(face)) }
        #expect(least < 10 * width || large.isEmpty)
      }
    }
  }

  @Test func `A higher threshold leaves weak faces out`() throws {
    let image = try Portraits.picture("obama.jpg", longestSide: 400)
    let score = try #require(try found(image).first).score
    #expect(try found(image) { $0.thresholdOffset = score - 0.05 }.count == 1)
    #expect(try found(image) { $0.thresholdOffset = score + 0.05 }.isEmpty)
  }

  @Test(arguments: [(1, 1), (1, 500), (500, 1), (9, 9), (80, 80)])
  func `Pictures without a face have none, of whatever size`(width: Int, height: Int) throws {
    for value in [UInt8(0), 128] {
      let pixels = [UInt8](repeating: value, count: width * height)
      let layout = PixelLayout(.luma, size: FrameSize(width: width, height: height))
      for upsampling in 0...2 {
        var options = DetectorOptions()
        options.upsampling = upsampling
        #expect(try FaceDetector(options).faces(in: unsafe pixels.span.bytes, layout).isEmpty)
      }
      var options = DetectorOptions()
      options.kind = .cnn
      let cnn = try FaceDetector(options, models: try #require(Portraits.models))
      #expect(try cnn.faces(in: unsafe pixels.span.bytes, layout).isEmpty)
    }
  }

  @Test func `Fewer bytes than the layout says are refused`() throws {
    let pixels = [UInt8](repeating: 0, count: 100 * 100 - 1)
    let size = FrameSize(width: 100, height: 100)
    for layout in [
      PixelLayout(.luma, size: size), PixelLayout(.luma, size: size, stride: 99),
      PixelLayout(.rgb, size: FrameSize(width: 50, height: 100)),
      PixelLayout(.luma, size: FrameSize(width: -1, height: 3)),
      PixelLayout(.luma, size: FrameSize(width: 0, height: 0)),
    ] {
      #expect(throws: FacesError.self) {
        _ = try FaceDetector().faces(in: unsafe pixels.span.bytes, layout)
      }
    }
    var options = DetectorOptions()
    options.upsampling = DetectorOptions.upsamplingMax + 1
    let layout = PixelLayout(.luma, size: FrameSize(width: 9, height: 9))
    #expect(throws: FacesError.self) {
      _ = try FaceDetector(options).faces(in: unsafe pixels.span.bytes, layout)
    }
  }
}
