/// Reads Protocol Buffers' wire format within bounds: a message's fields, one after the other.
struct ProtobufReader {
  /// A field's number, and what stands there.
  struct Field {
    enum Value {
      case varint(UInt64)
      case fixed32(UInt32)
      case fixed64
      /// Where its bytes are.
      case bytes(Range<Int>)
    }
    var number: Int
    var value: Value
  }

  /// Why bytes are no such message.
  struct Malformed: Error {}

  let bytes: [UInt8]
  private var place: Int
  private let end: Int

  init(_ bytes: [UInt8], in range: Range<Int>? = nil) {
    self.bytes = bytes
    place = range?.lowerBound ?? 0
    end = range?.upperBound ?? bytes.count
  }

  /// The next field; nil at the end.
  mutating func next() throws(Malformed) -> Field? {
    guard place < end else { return nil }
    let key = try varint()
    guard key >> 3 > 0, key >> 3 < 1 << 29 else { throw Malformed() }
    let number = Int(key >> 3)
    switch key & 7 {
    case 0: return Field(number: number, value: .varint(try varint()))
    case 1:
      _ = try take(8)
      return Field(number: number, value: .fixed64)
    case 2:
      let count = try varint()
      guard count <= UInt64(end - place) else { throw Malformed() }
      return Field(number: number, value: .bytes(try take(Int(count))))
    case 5:
      let range = try take(4)
      let value = range.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[$1]) }
      return Field(number: number, value: .fixed32(value))
    default: throw Malformed()
    }
  }

  /// The next number of a packed field; nil at the end.
  mutating func nextPacked() throws(Malformed) -> UInt64? {
    place < end ? try varint() : nil
  }

  private mutating func take(_ count: Int) throws(Malformed) -> Range<Int> {
    guard count <= end - place else { throw Malformed() }
    defer { place += count }
    return place..<place + count
  }

  private mutating func varint() throws(Malformed) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard place < end else { throw Malformed() }
      let byte = bytes[place]
      place += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    throw Malformed()
  }
}
