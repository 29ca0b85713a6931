import Frames

/// V4L2's four-character code of a pixel format.
struct FourCC: Equatable, Hashable, CustomStringConvertible {
  var code: UInt32

  init(code: UInt32) { self.code = code }

  /// - Parameter text: four ASCII characters; fewer are padded with blanks.
  init(_ text: String) {
    let bytes = Array(text.utf8.prefix(4)) + [32, 32, 32, 32]
    code = (0..<4).reduce(0) { $0 | UInt32(bytes[$1]) << (8 * UInt32($1)) }
  }

  var description: String {
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: code >> (8 * UInt32($0))) & 0x7F }
    return String(decoding: bytes.map { $0 < 32 ? 63 : $0 }, as: UTF8.self)
  }

  /// Codes that are read natively: those with planes in one buffer, and those with a buffer for each.
  private static let native: [FourCC: PixelFormat] = {
    var native: [FourCC: PixelFormat] = [:]
    for format in PixelFormat.allCases {
      let (first, second) = format.traits.codes
      for code in [first, second].compactMap({ $0 }) { native[FourCC("\(code)")] = format }
    }
    return native
  }()

  /// Nil for formats that only libv4l2 can convert.
  var pixelFormat: PixelFormat? { Self.native[self] }
}

extension DeviceRequest {
  /// The code, where the format is given as `fourcc:XXXX`.
  var fourCC: FourCC? {
    guard let format, format.hasPrefix("fourcc:") else { return nil }
    return FourCC(String(format.dropFirst(7)))
  }
}
