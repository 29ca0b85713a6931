/// A record's headers in one run of bytes, so that making them, keeping them on disk and handing them to
/// librdkafka each take one pass and no allocation a header. For each: the name's length (16 bits), the
/// value's length (32 bits), both little-endian, then name and value.
package struct Headers: Sendable, Equatable {
  static let lengthsCount = 6

  package private(set) var bytes: [UInt8] = []
  package private(set) var count = 0

  package init() {}

  package init(_ headers: [Header]) {
    for header in headers { append(header.name, bytes: header.value) }
  }

  /// Those of `first`, and those that `write` writes behind them.
  /// - Parameter room: for these, in bytes; each takes 6 besides its name and value.
  package init(_ first: Headers, room: Int, _ write: (inout HeaderWriter) -> Void) {
    bytes = first.bytes
    bytes.reserveCapacity(first.bytes.count + room)
    let written = unsafe withUnsafeTemporaryAllocation(byteCount: room, alignment: 1) { memory in
      var writer = unsafe HeaderWriter(memory)
      write(&writer)
      unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: memory[..<writer.end]))
      return writer.count
    }
    count = first.count + written
  }

  /// Reads what `bytes` once gave.
  /// - Returns: nil where the bytes are no whole number of headers.
  package init?(bytes: [UInt8]) {
    self.bytes = bytes
    var position = 0
    while position < bytes.count {
      guard let lengths = lengths(at: position), lengths.name > 0 else { return nil }
      position += Self.lengthsCount + lengths.name + lengths.value
      count += 1
    }
  }

  package mutating func append(_ name: String, _ value: String) {
    begin(name, valueCount: value.utf8.count)
    bytes.append(contentsOf: value.utf8)
  }

  package mutating func append(_ name: String, bytes value: [UInt8]) {
    begin(name, valueCount: value.count)
    bytes.append(contentsOf: value)
  }

  /// The value is `prefix` and the number in decimal digits.
  package mutating func append(_ name: String, prefix: String = "", number: UInt64) {
    var digits = 1
    var rest = number
    while rest >= 10 {
      rest /= 10
      digits += 1
    }
    begin(name, valueCount: prefix.utf8.count + digits)
    bytes.append(contentsOf: prefix.utf8)
    let end = bytes.count + digits
    for _ in 0..<digits { bytes.append(0) }
    rest = number
    for index in 1...digits {
      bytes[end - index] = UInt8(48 + rest % 10)
      rest /= 10
    }
  }

  private mutating func begin(_ name: String, valueCount: Int) {
    let nameCount = min(name.utf8.count, Int(UInt16.max))
    let lengths = UInt64(nameCount) | UInt64(truncatingIfNeeded: valueCount) << 16
    for byte in 0..<UInt64(Self.lengthsCount) {
      bytes.append(UInt8(truncatingIfNeeded: lengths >> (8 * byte)))
    }
    if nameCount == name.utf8.count {
      bytes.append(contentsOf: name.utf8)
    } else {
      bytes.append(contentsOf: name.utf8.prefix(nameCount))
    }
    count += 1
  }

  private func lengths(at position: Int) -> (name: Int, value: Int)? {
    guard position + Self.lengthsCount <= bytes.count else { return nil }
    let name = Int(bytes[position]) | Int(bytes[position + 1]) << 8
    let value = (2..<6).reduce(0) { $0 | Int(bytes[position + $1]) << (8 * ($1 - 2)) }
    guard position + Self.lengthsCount + name + value <= bytes.count else { return nil }
    return (name, value)
  }

  /// Each name and value in turn, valid within the call.
  func forEach(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
    unsafe bytes.withUnsafeBytes { bytes in
      var position = 0
      while let (name, value) = lengths(at: position) {
        let start = position + Self.lengthsCount
        unsafe body(
          UnsafeRawBufferPointer(rebasing: bytes[start..<start + name]),
          UnsafeRawBufferPointer(rebasing: bytes[start + name..<start + name + value]))
        position = start + name + value
      }
    }
  }

  /// Each with its name and value of its own.
  package var list: [Header] {
    var list: [Header] = []
    unsafe forEach { name, value in
      unsafe list.append(Header(String(decoding: name, as: UTF8.self), bytes: Array(value)))
    }
    return list
  }

  /// The text of the first header of that name.
  package subscript(name: String) -> String? { list.first { $0.name == name }?.text }
}
