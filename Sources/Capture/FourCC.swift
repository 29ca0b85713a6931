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
  private static let native: [(String, PixelFormat)] = [
    ("YUYV", .yuyv), ("UYVY", .uyvy), ("YVYU", .yvyu), ("NV12", .nv12), ("NM12", .nv12),
    ("NV21", .nv21), ("NM21", .nv21), ("NV16", .nv16), ("NM16", .nv16), ("YU12", .yu12),
    ("YM12", .yu12), ("GREY", .grey), ("RGB3", .rgb24), ("BGR3", .bgr24), ("MJPG", .mjpeg),
    ("JPEG", .mjpeg),
  ]

  /// Nil for formats that only libv4l2 can convert.
  var pixelFormat: PixelFormat? {
    Self.native.first { FourCC($0.0) == self }?.1
  }
}

extension DeviceRequest {
  /// The code, where the format is given as `fourcc:XXXX`.
  var fourCC: FourCC? {
    guard let format, format.hasPrefix("fourcc:") else { return nil }
    return FourCC(String(format.dropFirst(7)))
  }
}
