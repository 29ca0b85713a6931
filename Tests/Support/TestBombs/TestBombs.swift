/// Pictures that are small as files, and large or long to decode.
package enum TestBombs {
  /// A black PNG whose file has a thousandth of its pixels' bytes.
  /// - Parameters:
  ///   - colour: as PNG counts them: 0 grey, 2 RGB, 6 RGBA.
  ///   - bits: of a sample.
  package static func png(width: Int, height: Int, colour: Int = 0, bits: Int = 8) -> [UInt8] {
    let samples = [0: 1, 2: 3, 4: 2, 6: 4][colour] ?? 1
    let rows = height * (1 + (width * samples * bits + 7) / 8)
    return png(
      width: width, height: height, colour: colour, bits: bits,
      stream: [0x78, 1] + zeros(rows) + big((rows % 65_521) << 16 | 1, 4))
  }

  /// A PNG of rows that are not compressed, each with its filter's byte before it: 65,535 bytes at most.
  package static func png(
    width: Int, height: Int, colour: Int, bits: Int, isInterlaced: Bool = false, rows: [UInt8]
  ) -> [UInt8] {
    var (low, high) = (1, 0)
    for byte in rows {
      low = (low + Int(byte)) % 65_521
      high = (high + low) % 65_521
    }
    let count = rows.count
    let stored = [1, count & 255, count >> 8, ~count & 255, ~count >> 8 & 255].map { UInt8($0) }
    return png(
      width: width, height: height, colour: colour, bits: bits, isInterlaced: isInterlaced,
      stream: [0x78, 1] + stored + rows + big(high << 16 | low, 4))
  }

  private static func png(
    width: Int, height: Int, colour: Int, bits: Int, isInterlaced: Bool = false, stream: [UInt8]
  ) -> [UInt8] {
    [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      + chunk(
        "IHDR",
        big(width, 4) + big(height, 4) + [
          UInt8(bits), UInt8(colour), 0, 0, isInterlaced ? 1 : 0,
        ])
      + chunk("IDAT", stream) + chunk("IEND", [])
  }

  private static func big(_ number: Int, _ bytes: Int) -> [UInt8] {
    (0..<bytes).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  private static func chunk(_ name: String, _ body: [UInt8]) -> [UInt8] {
    var crc: UInt32 = ~0
    for byte in Array(name.utf8) + body {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    return big(body.count, 4) + Array(name.utf8) + body + big(Int(~crc), 4)
  }

  private struct Bits {
    var bytes: [UInt8] = []
    private var count = 0

    /// The lowest bit first.
    mutating func add(_ value: Int, _ bits: Int) {
      for bit in 0..<bits {
        if count % 8 == 0 { bytes.append(0) }
        if value >> bit & 1 == 1 { bytes[bytes.count - 1] |= 1 << UInt8(count % 8) }
        count += 1
      }
    }
  }

  /// Deflate's fixed codes: a zero, then the same again, 258 at a time.
  private static func zeros(_ count: Int) -> [UInt8] {
    var bits = Bits()
    bits.add(1, 1)
    bits.add(1, 2)
    var left = count
    // A literal 0 is 0x30 in eight bits, the highest first.
    func literal() {
      bits.add(0b0000_1100, 8)
      left -= 1
    }
    literal()
    while left >= 258 {
      // Length 258 is 0xC5 of eight bits, and distance 1 has five bits of 0.
      bits.add(0b1010_0011, 8)
      bits.add(0, 5)
      left -= 258
    }
    while left > 0 { literal() }
    bits.add(0, 7)
    return bits.bytes
  }

  /// A grey progressive JPEG whose `scans` say next to nothing: each is to be gone through by all blocks.
  package static func jpeg(side: Int, scans: Int) -> [UInt8] {
    func segment(_ marker: UInt8, _ body: [UInt8]) -> [UInt8] {
      [0xFF, marker] + big(body.count + 2, 2) + body
    }
    var file: [UInt8] = [0xFF, 0xD8]
    file += segment(0xDB, [0] + [UInt8](repeating: 1, count: 64))
    file += segment(0xC2, [8] + big(side, 2) + big(side, 2) + [1, 1, 0x11, 0])
    // One code of one bit: for DC a difference of nothing, for AC a run of 2^14 blocks and more at their end.
    let one: [UInt8] = [1] + [UInt8](repeating: 0, count: 15)
    file += segment(0xC4, [0x00] + one + [0]) + segment(0xC4, [0x10] + one + [0xE0])
    let blocks = ((side + 7) / 8) * ((side + 7) / 8)
    file += segment(0xDA, [1, 1, 0, 0, 0, 0]) + [UInt8](repeating: 0, count: (blocks + 7) / 8)
    // Each code and its 14 bits: the shortest run, so that no byte is 0xFF.
    let runs = (blocks + 16_383) / 16_384
    let scan =
      segment(0xDA, [1, 1, 0, 1, 63, 0]) + [UInt8](repeating: 0, count: (runs * 15 + 7) / 8)
    for _ in 1..<max(2, scans) { file += scan }
    return file + [0xFF, 0xD9]
  }
}
