import Frames
import Testing

@testable import Imaging

@Suite struct DrawingTests {
  static let size = FrameSize(width: 320, height: 240)
  static let marks = [
    Mark(
      box: Rectangle(x: 60, y: 80, width: 100, height: 100), label: "Zoë 97 %",
      colour: Colour(red: 30, green: 160, blue: 60)),
    Mark(
      box: Rectangle(x: 201, y: 33, width: 77, height: 93), label: "Unknown",
      colour: Colour(red: 200, green: 40, blue: 40)),
  ]

  private func grey(_ size: FrameSize = size) -> [UInt8] {
    [UInt8](repeating: 128, count: size.width * size.height * 3)
  }

  private func drawn(_ marks: [Mark], _ size: FrameSize = size) -> [UInt8] {
    var rgb = grey(size)
    Canvas.draw(onRGB: &rgb, size) { $0.draw(marks) }
    return rgb
  }

  @Test func `RGB and planes show the same`() throws {
    let expected = drawn(Self.marks)
    for chroma in [ChromaSampling.yuv444, .yuv422, .yuv420] {
      let planes = PlanarPicture(size: Self.size, chroma: chroma)
      planes.draw { $0.fill(Rectangle(x: 0, y: 0, width: 320, height: 240), grey128) }
      planes.draw { $0.draw(Self.marks) }
      let pixels = planes.rgb(in: Rectangle(x: 0, y: 0, width: 320, height: 240)).pixels
      #expect(meanDifference(pixels, expected) < (chroma == .yuv444 ? 0.2 : 1.5))
    }
  }

  private let grey128 = Colour(red: 128, green: 128, blue: 128)

  private func meanDifference(_ one: [UInt8], _ other: [UInt8]) -> Double {
    let sum = zip(one, other).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    return Double(sum) / Double(other.count)
  }

  @Test func `A box is drawn along its edge and leaves the face alone`() {
    var plain = Self.marks[0]
    plain.label = ""
    let rgb = drawn([plain])
    let at = { (x: Int, y: Int) in Array(rgb[(y * 320 + x) * 3..<(y * 320 + x) * 3 + 3]) }
    for corner in [(60, 80), (159, 80), (60, 179), (159, 179)] {
      #expect(at(corner.0, corner.1) == [30, 160, 60])
    }
    for outside in [(59, 80), (160, 100), (100, 79), (100, 180), (110, 130), (65, 85)] {
      #expect(at(outside.0, outside.1) == [128, 128, 128])
    }
  }

  @Test func `Letters are the font's own pixels at its own height`() {
    let mask = TextMask("I", height: 20, widthMax: 100)
    #expect(mask.width == 10 && mask.height == 20)
    let rows = (0..<20).map { y in
      String((0..<10).map { mask.coverage[y * 10 + $0] > 127 ? "#" : "." })
    }
    #expect(mask.coverage.allSatisfy { $0 == 0 || $0 == 255 })
    #expect(rows[3..<16].contains { $0.contains("##") })
  }

  @Test(arguments: [8, 9, 13, 20, 27, 40, 64, 200])
  func `Text keeps its weight at every height`(height: Int) {
    let ink = { (mask: TextMask) in mask.coverage.reduce(0) { $0 + Double($1) } / 255 }
    let natural = ink(TextMask("Vedette 97", height: 20, widthMax: 10_000))
    let scaled = ink(TextMask("Vedette 97", height: height, widthMax: 10_000))
    let factor = Double(height) / 20
    #expect(abs(scaled / (factor * factor) - natural) < natural * 0.03)
  }

  @Test func `Names in UTF-8 are shown, or as boxes, never lost`() {
    let mask = { (text: String) in TextMask(text, height: 20, widthMax: 10_000) }
    // Composed and decomposed are one.
    #expect(mask("Zo\u{EB}").coverage == mask("Zoe\u{308}").coverage)
    for name in ["Łukasz", "Ángström", "Ελένη", "Дмитрий", "Nguyễn", "Ğ€ß"] {
      let shown = mask(name)
      #expect(shown.width == name.count * 10)
      for character in name { #expect(mask(String(character)).coverage != mask("□").coverage) }
    }
    #expect(mask("李明").coverage == mask("□□").coverage)
    #expect(mask("👩‍👩‍👧").coverage == mask("□").coverage)
    // What would move a terminal's cursor or turn a line about is blank.
    #expect(mask("a\u{202E}b\nc\u{7}").coverage == mask("a b c ").coverage)
    #expect(mask("").width == 0)
  }

  @Test func `Long names end in an ellipsis within the width`() {
    let mask = TextMask(String(repeating: "W", count: 300), height: 20, widthMax: 105)
    #expect(mask.width == 100)
    let end = TextMask("…", height: 20, widthMax: 100)
    for y in 0..<20 {
      #expect(mask.coverage[(y * 100 + 90)..<(y * 100 + 100)] == end.coverage[y * 10..<y * 10 + 10])
    }
    #expect(TextMask("abc", height: 20, widthMax: 5).width == 0)
  }

  @Test func `Any box in any picture is drawn without leaving it`() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<300 {
      let size = FrameSize(
        width: .random(in: 1...90, using: &random), height: .random(in: 1...90, using: &random))
      let box = Rectangle(
        x: .random(in: -200...200, using: &random), y: .random(in: -200...200, using: &random),
        width: .random(in: -5...300, using: &random), height: .random(in: -5...300, using: &random))
      let mark = Mark(box: box, label: "somebody", colour: .white)
      #expect(drawn([mark], size).count == size.width * size.height * 3)
      let planes = PlanarPicture(size: size, chroma: .yuv420)
      planes.draw { $0.draw([mark]) }
    }
  }

  @Test func `A label is whole within the picture wherever its box is`() {
    let colour = Colour(red: 250, green: 250, blue: 10)
    for (x, y) in [(0, 0), (300, 0), (0, 220), (300, 220), (-30, -30), (310, 235), (100, 100)] {
      let mark = Mark(
        box: Rectangle(x: x, y: y, width: 60, height: 60), label: "ab", colour: colour)
      let rgb = drawn([mark])
      let dark = stride(from: 0, to: rgb.count, by: 3).filter { rgb[$0] < 60 && rgb[$0 + 1] < 60 }
      let ink = TextMask("ab", height: 13, widthMax: 300).coverage.filter { $0 > 240 }.count
      #expect(dark.count >= ink)
    }
  }
}
