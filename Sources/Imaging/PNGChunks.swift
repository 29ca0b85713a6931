import Frames

/// A PNG's chunks, as far as libpng need not be asked, or does not tell of them.
enum PNGChunks {
  private static let signatureBytes = 8
  private static let header: [UInt8] = Array("IHDR".utf8)
  private static let exif: [UInt8] = Array("eXIf".utf8)
  private static let end: [UInt8] = Array("IEND".utf8)

  /// What the header claims; nil where there is none.
  static func size(_ png: [UInt8]) -> FrameSize? {
    let at = signatureBytes
    guard png.count >= at + 16, png[at + 4..<at + 8].elementsEqual(header) else { return nil }
    return FrameSize(width: number(png, at + 8), height: number(png, at + 12))
  }

  /// How the picture is to be turned. A chunk that is damaged is ignored, as is one that makes no sense.
  static func orientation(_ png: [UInt8]) -> ExifOrientation {
    var at = signatureBytes
    // Length, name, body, checksum.
    while at <= png.count - 12 {
      let length = number(png, at)
      guard length <= png.count - at - 12 else { break }
      let name = png[at + 4..<at + 8]
      if name.elementsEqual(exif),
        checksum(png[at + 4..<at + 8 + length]) == number(png, at + 8 + length)
      {
        return unsafe png[at + 8..<at + 8 + length].withUnsafeBytes {
          unsafe ExifOrientation(chunk: $0) ?? .upright
        }
      }
      if name.elementsEqual(end) { break }
      at += 12 + length
    }
    return .upright
  }

  private static func number(_ bytes: [UInt8], _ at: Int) -> Int {
    bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
  }

  /// CRC-32 of ISO 3309.
  private static func checksum(_ bytes: ArraySlice<UInt8>) -> Int {
    var crc: UInt32 = ~0
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 0 ? 0 : 0xEDB8_8320) }
    }
    return Int(~crc)
  }
}
