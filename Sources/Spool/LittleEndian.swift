/// Writes fixed-width integers, little-endian, one after the other.
struct ByteWriter {
  var bytes: [UInt8] = []

  mutating func put<Number: FixedWidthInteger>(_ number: Number) {
    var rest = number.littleEndian
    unsafe withUnsafeBytes(of: &rest) { unsafe bytes.append(contentsOf: $0) }
  }

  /// At most 255 bytes of it, with their count before them.
  mutating func put(text: String) {
    let utf8 = text.utf8.prefix(255)
    put(UInt8(utf8.count))
    bytes.append(contentsOf: utf8)
  }

  mutating func put(zeros count: Int) { bytes.append(contentsOf: repeatElement(0, count: count)) }
}

/// Reads what `ByteWriter` wrote; every reading past the end gives nil.
struct ByteReader {
  private let bytes: [UInt8]
  private(set) var position: Int

  init(_ bytes: [UInt8], at position: Int = 0) {
    self.bytes = bytes
    self.position = position
  }

  var remaining: Int { bytes.count - position }

  mutating func get<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) -> Number? {
    let size = MemoryLayout<Number>.size
    guard remaining >= size else { return nil }
    defer { position += size }
    return unsafe bytes.withUnsafeBytes {
      Number(littleEndian: unsafe $0.loadUnaligned(fromByteOffset: position, as: Number.self))
    }
  }

  mutating func get(count: Int) -> [UInt8]? {
    guard count >= 0, remaining >= count else { return nil }
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  mutating func getText() -> String? {
    guard let count = get(UInt8.self), let bytes = get(count: Int(count)) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }
}
