import Frames
import Inference
import TestModels
import Testing

@Suite struct PreparationTests {
  /// The numbers that the small network would get of a picture; 0 to 1.
  private func prepared(
    _ pixels: [UInt8], _ width: Int, _ height: Int, box: PictureBox? = nil, _ yaml: String = ""
  ) throws -> [Float] {
    let network = try Small.network(Small.channels(), yaml)
    return try unsafe PreparedPicture(
      rgb: pixels.span.bytes, size: FrameSize(width: width, height: height), box: box, for: network
    ).numbers
  }

  private func picture(_ width: Int, _ height: Int, _ pixel: (Int, Int) -> [UInt8]) -> [UInt8] {
    (0..<height).flatMap { y in (0..<width).flatMap { x in pixel(x, y) } }
  }

  @Test func `A picture of the right size passes pixel by pixel, each channel for itself`() throws {
    let pixels = picture(8, 8) { [UInt8($0 * 30), UInt8($1 * 30), 7] }
    let numbers = try prepared(pixels, 8, 8, "resize: 8")
    for y in 0..<8 {
      for x in 0..<8 {
        #expect(abs(numbers[y * 8 + x] - Float(x * 30) / 255) < 1e-6)
        #expect(abs(numbers[64 + y * 8 + x] - Float(y * 30) / 255) < 1e-6)
        #expect(abs(numbers[128 + y * 8 + x] - 7 / 255) < 1e-6)
      }
    }
  }

  @Test func `The middle is cut out of the longer side`() throws {
    // A third of red, one of green, one of blue.
    let pixels = picture(24, 8) { x, _ in
      x < 8 ? [255, 0, 0] : x < 16 ? [0, 255, 0] : [0, 0, 255]
    }
    let numbers = try prepared(pixels, 24, 8, "resize: 8")
    #expect(numbers[0..<64].allSatisfy { $0 == 0 })
    #expect(numbers[64..<128].allSatisfy { abs($0 - 1) < 1e-6 })
  }

  @Test func `A box is all that is seen`() throws {
    let pixels = picture(40, 30) { x, y in
      (10..<30).contains(x) && y >= 10 ? [255, 255, 255] : [0, 0, 0]
    }
    let box = PictureBox(x: 10, y: 10, width: 20, height: 20)
    let numbers = try prepared(pixels, 40, 30, box: box, "resize: 8")
    // At its edges the filter reaches beyond it.
    for y in 2..<6 { for x in 2..<6 { #expect(abs(numbers[y * 8 + x] - 1) < 1e-5) } }
  }

  @Test func `No pixel is skipped where a picture shrinks`() throws {
    // Every second column is white: grey, however it falls.
    let pixels = picture(160, 160) { x, _ in x % 2 == 0 ? [255, 255, 255] : [0, 0, 0] }
    let numbers = try prepared(pixels, 160, 160)
    #expect(numbers.allSatisfy { abs($0 - 0.5) < 0.03 })
  }

  @Test func `A box outside of the picture, and an empty one, are refused`() throws {
    let pixels = picture(8, 8) { _, _ in [0, 0, 0] }
    for box in [
      PictureBox(x: 8, y: 0, width: 5, height: 5), PictureBox(x: 0, y: 0, width: 0, height: 8),
      PictureBox(x: -9, y: 0, width: 9, height: 8), PictureBox(x: .nan, y: 0, width: 8, height: 8),
      PictureBox(x: 0, y: 0, width: .infinity, height: -.infinity),
    ] {
      let error = try #require(throws: InferenceError.self) {
        _ = try prepared(pixels, 8, 8, box: box)
      }
      #expect(error.code == .badInput)
    }
  }

  @Test func `Pictures of every shape fill the network's input`() throws {
    for (width, height) in [(1, 1), (1, 500), (500, 1), (3, 7), (1000, 9)] {
      let numbers = try prepared(picture(width, height) { _, _ in [128, 128, 128] }, width, height)
      #expect(numbers.count == 192)
      #expect(numbers.allSatisfy { abs($0 - 128.0 / 255) < 1e-4 }, "\(width)x\(height)")
    }
  }

  @Test func `Planes of luma and chroma become the same numbers as their colours`() throws {
    let network = try Small.network()
    let (width, height) = (32, 16)
    let y = [UInt8](repeating: 120, count: width * height)
    let cb = [UInt8](repeating: 90, count: width * height / 4)
    let cr = [UInt8](repeating: 200, count: width * height / 4)
    let chroma = PreparedPicture.Plane(width: width / 2, height: height / 2, stride: width / 2)
    let numbers = try unsafe PreparedPicture(
      y: y.span.bytes, cb: cb.span.bytes, cr: cr.span.bytes,
      planes: (PreparedPicture.Plane(width: width, height: height, stride: width), chroma, chroma),
      for: network
    ).numbers
    let colour = [120 + 1.402 * 72, 120 + 0.344136 * 38 - 0.714136 * 72, 120 - 1.772 * 38]
    for (channel, value) in colour.enumerated() {
      #expect(
        numbers[channel * 64..<channel * 64 + 64].allSatisfy {
          abs(Double($0) - value / 255) < 1e-4
        })
    }
    let short = try #require(throws: InferenceError.self) {
      _ = try unsafe PreparedPicture(
        y: y.span.bytes, cb: cb.span.bytes, cr: cr.span.bytes,
        planes: (chroma, chroma, .init(width: 99, height: 99, stride: 99)),
        for: network)
    }
    #expect(short.code == .badInput)
  }

  @Test func `A network for grey pictures gets luma`() throws {
    var maker = ModelMaker(side: 8, classes: 2)
    maker.inputs = [("image", [1, 1, 8, 8])]
    maker.node("GlobalAveragePool", ["image"], "mean")
    maker.node("Flatten", ["mean"], "flat")
    maker.floats("w", [2, 1], [1, 0])
    maker.node("Gemm", ["flat", "w"], "out", [("transB", .integer(1))])
    let network = try Small.network(maker, classes: 2, "channels: grey")
    let pixels = Small.pixels([255, 0, 0])
    let numbers = try unsafe PreparedPicture(
      rgb: pixels.span.bytes, size: Small.picture, for: network
    ).numbers
    #expect(numbers.count == 64)
    #expect(numbers.allSatisfy { abs($0 - 0.299) < 1e-4 })
  }

  @Test func `A chip is the middle of a box, and as large as is asked for`() throws {
    let pixels = picture(40, 20) { x, _ in x < 20 ? [250, 0, 0] : [0, 240, 9] }
    let size = FrameSize(width: 40, height: 20)
    let box = PictureBox(x: 20, y: 0, width: 100, height: 20)
    for side in [7, 64] {
      let chip = try unsafe PictureChip.rgb(
        of: pixels.span.bytes, size: size, box: box, side: side)
      #expect(chip.count == side * side * 3)
      // At its edge a chip has a little of what is beside the box, as Pillow's boxes have.
      let middle = (side / 2 * side + side / 2) * 3
      #expect(chip[middle..<middle + 3] == [0, 240, 9])
      #expect(chip[0] < 100 && chip[1] > 150)
    }
    #expect(throws: InferenceError.self) {
      try unsafe PictureChip.rgb(
        of: pixels.span.bytes, size: size, box: PictureBox(x: 40, y: 0, width: 9, height: 9),
        side: 8)
    }
    #expect(box.within(size) == PictureBox(x: 20, y: 0, width: 20, height: 20))
    #expect(PictureBox(x: .nan, y: 0, width: 9, height: 9).within(size) == nil)
  }
}
