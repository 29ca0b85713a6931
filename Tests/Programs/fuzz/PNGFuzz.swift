import Frames
import Imaging

/// Mutated PNGs of every kind, as photographs for the gallery: half of them with check sums that fit again, so that what
/// lies behind the sums is reached. What is decoded has the size that it says.
struct PNGFuzz: Fuzzer {
  private static let words: [[UInt8]] =
    [
      "IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "sBIT", "bKGD",
      "eXIf", "acTL",
    ]
    .map { Array($0.utf8) }
    + [
      [0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF], [0x7F, 0xFF, 0xFF, 0xFF], [0, 0, 0x20, 0],
      Array("MM\0*\0\0\0\u{8}".utf8), Array("II*\0".utf8), [0x78, 0x01], [0x78, 0x9C],
    ]

  private let sources: [[UInt8]]
  private let decoder: JPEGDecoder

  init() throws {
    // Kind of colour, bits, interlaced.
    let kinds: [(UInt8, UInt8, UInt8)] = [
      (0, 1, 0), (0, 8, 0), (0, 16, 0), (2, 8, 0), (2, 16, 1), (3, 1, 0), (3, 4, 1), (3, 8, 0),
      (4, 8, 0), (4, 16, 0), (6, 8, 1), (6, 16, 0),
    ]
    sources = kinds.map { Self.picture(colour: $0.0, bits: $0.1, interlace: $0.2) }
    decoder = try JPEGDecoder()
  }

  // MARK: Writing

  private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  private static func big(_ number: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  /// CRC-32 as PNG has it.
  private static func sum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(UInt32.max) { sum, byte in
      (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in
        sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1
      }
    }
  }

  private static func chunk(_ name: String, _ body: [UInt8]) -> [UInt8] {
    let named = Array(name.utf8) + body
    return big(UInt32(body.count)) + named + big(sum(named))
  }

  /// zlib's format, not compressed.
  private static func stored(_ bytes: [UInt8]) -> [UInt8] {
    let (low, high) = bytes.reduce((UInt32(1), UInt32(0))) { sums, byte in
      let low = (sums.0 + UInt32(byte)) % 65_521
      return (low, (sums.1 + low) % 65_521)
    }
    let count = UInt16(truncatingIfNeeded: bytes.count)
    let lengths = [count, ~count].flatMap {
      [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)]
    }
    return [0x78, 0x01, 1] + lengths + bytes + big(high << 16 | low)
  }

  private static let side = 8

  private static func picture(colour: UInt8, bits: UInt8, interlace: UInt8) -> [UInt8] {
    let channels = [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][Int(colour)] ?? 1
    // Passes of an interlaced picture: columns and rows of each.
    let passes =
      interlace == 0 ? [(8, 8)] : [(1, 1), (1, 1), (2, 1), (2, 2), (4, 2), (4, 4), (8, 4)]
    var lines: [UInt8] = []
    for (columns, rows) in passes {
      for row in 0..<rows {
        let count = (columns * channels * Int(bits) + 7) / 8
        lines.append(UInt8(row % 5))
        lines += (0..<count).map {
          UInt8(truncatingIfNeeded: $0 * 37 + row * 11) & (bits < 8 ? 0x11 : 0xFF)
        }
      }
    }
    let size = big(UInt32(side))
    var file = signature + chunk("IHDR", size + size + [bits, colour, 0, 0, interlace])
    file += chunk("gAMA", big(45_455))
    // EXIF with one entry: turned by 90 degrees.
    file += chunk(
      "eXIf",
      Array("MM".utf8) + [
        0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0,
      ])
    if colour == 3 {
      let most = 1 << Int(min(bits, 8))
      file += chunk("PLTE", (0..<most * 3).map { UInt8(truncatingIfNeeded: $0 * 5) })
      file += chunk("tRNS", [0, 128])
    }
    return file + chunk("IDAT", stored(lines)) + chunk("IEND", [])
  }

  /// With sums that fit the chunks as they are now.
  private static func mended(_ file: [UInt8]) -> [UInt8] {
    var file = file
    var place = signature.count
    while place + 12 <= file.count {
      let length = file[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
      let end = place + 8 + length
      guard end + 4 <= file.count else { break }
      file.replaceSubrange(end..<end + 4, with: big(sum(file[place + 4..<end])))
      place = end + 4
    }
    return file
  }

  // MARK: Fuzzing

  func input(_ random: inout SeededGenerator) -> [UInt8] {
    var file = sources.randomElement(using: &random) ?? []
    let other = sources.randomElement(using: &random) ?? []
    switch Int.random(in: 0..<8, using: &random) {
    case 0:
      // Bit flips seldom reach the size, which memory is asked for by.
      for index in 16..<24 where Bool.random(using: &random) {
        file[index] = index % 4 < 2 ? 0 : .random(in: 0...255, using: &random)
      }
    case 1...4:
      // Within chunks, their lengths left alone.
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        file[Int.random(in: 8..<file.count, using: &random)] = .random(in: 0...255, using: &random)
      }
    default: file.mutate(&random, with: other, words: Self.words)
    }
    if !file.starts(with: Self.signature) { file = Self.signature + file }
    return Bool.random(using: &random) ? Self.mended(file) : file
  }

  func run(_ file: [UInt8]) throws -> Bool {
    let picture: UprightPicture
    do throws(ImagingError) {
      picture = try UprightPicture(decoding: file, by: decoder)
    } catch {
      guard !error.description.isEmpty else {
        throw BrokenPromise(description: "refused without a sentence")
      }
      return false
    }
    let count = picture.size.width * picture.size.height
    guard count > 0, picture.rgb.count == count * 3, picture.luma.count == count,
      picture.scale >= 1
    else { throw BrokenPromise(description: "\(picture.size) with \(picture.rgb.count) bytes") }
    return true
  }
}
