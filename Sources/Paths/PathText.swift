/// Names of files as text. To Linux they are bytes, of whatever encoding; text is Unicode. A byte that is no part of UTF-8 is
/// kept in text as a private character, U+10FF00 + byte, so that the text names the same file: CPosix's calls turn it
/// back. Those who read it are shown `\xe9`.
extension String {
  /// - Parameter path: the bytes of a path or of a file's name.
  package init(path: some Collection<UInt8>) {
    if let text = String(validating: path, as: UTF8.self),
      !text.unicodeScalars.contains(where: { $0.pathByte != nil })
    {
      self = text
      return
    }
    var scalars = String.UnicodeScalarView()
    var rest = Array(path)[...]
    while let first = rest.first {
      if let (scalar, count) = Self.scalar(rest), scalar.pathByte == nil {
        scalars.append(scalar)
        rest = rest.dropFirst(count)
      } else {
        if let scalar = Unicode.Scalar(0x10FF00 + UInt32(first)) { scalars.append(scalar) }
        rest = rest.dropFirst()
      }
    }
    self.init(scalars)
  }

  /// The first scalar of UTF-8, and of how many bytes it is; nil where there is none.
  private static func scalar(_ bytes: ArraySlice<UInt8>) -> (Unicode.Scalar, Int)? {
    guard let first = bytes.first else { return nil }
    let count = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
    guard let text = String(validating: bytes.prefix(count), as: UTF8.self),
      let scalar = text.unicodeScalars.first, text.unicodeScalars.count == 1
    else { return nil }
    return (scalar, count)
  }

  /// The bytes that the system knows the path by, with a zero at the end.
  package var pathBytes: [CChar] {
    var bytes: [UInt8] = []
    for scalar in unicodeScalars {
      if let byte = scalar.pathByte {
        bytes.append(byte)
      } else {
        bytes += Array(String(scalar).utf8)
      }
    }
    return bytes.map { CChar(bitPattern: $0) } + [0]
  }

  /// Whether it holds bytes that are no part of UTF-8.
  package var holdsOddBytes: Bool { unicodeScalars.contains { $0.pathByte != nil } }
}

extension Unicode.Scalar {
  /// The byte that this stands for in a path's text; nil where it stands for itself.
  package var pathByte: UInt8? {
    (0x10FF80...0x10FFFF).contains(value) ? UInt8(value - 0x10FF00) : nil
  }
}
