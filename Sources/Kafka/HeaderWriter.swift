import Threads

/// Writes headers one after the other into memory that is there already: no text is made in between, and no array grows.
/// It lives within the call of `Headers.init(_:room:_:)` that gives it.
@safe
package struct HeaderWriter: ~Copyable {
  private let room: UnsafeMutableRawBufferPointer
  private(set) var end = 0
  private(set) var count = 0

  init(_ room: UnsafeMutableRawBufferPointer) {
    unsafe self.room = unsafe room
  }

  /// The value is `prefix` and the number in decimal digits.
  package mutating func number(_ name: StaticString, prefix: [UInt8] = [], _ number: UInt64) {
    var digits = 1
    var rest = number
    while rest >= 10 {
      rest /= 10
      digits += 1
    }
    begin(name, valueCount: prefix.count + digits)
    unsafe prefix.withUnsafeBytes { unsafe put($0) }
    rest = number
    for index in 1...digits {
      unsafe room[end + digits - index] = UInt8(48 + rest % 10)
      rest /= 10
    }
    end += digits
  }

  /// The value is a time in RFC 3339.
  /// - Parameter microseconds: since 1970-01-01 UTC.
  package mutating func time(_ name: StaticString, microseconds: Int64) {
    begin(name, valueCount: Clock.rfc3339Count)
    unsafe Clock.write(
      microseconds: microseconds,
      to: UnsafeMutableRawBufferPointer(rebasing: room[end..<end + Clock.rfc3339Count]))
    end += Clock.rfc3339Count
  }

  /// Writes the lengths and the name. The room for all of the header is checked here.
  private mutating func begin(_ name: StaticString, valueCount: Int) {
    let nameCount = name.utf8CodeUnitCount
    let left = unsafe room.count - end
    precondition(
      nameCount <= UInt16.max && valueCount <= UInt32.max
        && left >= Headers.lengthsCount + nameCount + valueCount)
    let lengths = UInt64(nameCount) | UInt64(valueCount) << 16
    for byte in 0..<Headers.lengthsCount {
      unsafe room[end + byte] = UInt8(truncatingIfNeeded: lengths >> UInt64(8 * byte))
    }
    end += Headers.lengthsCount
    unsafe put(UnsafeRawBufferPointer(start: name.utf8Start, count: nameCount))
    count += 1
  }

  private mutating func put(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, let target = unsafe room.baseAddress else { return }
    unsafe (target + end).copyMemory(from: source, byteCount: bytes.count)
    end += bytes.count
  }
}
