import CPosix
import Glibc

/// The clocks that frames and time-outs are measured by.
package enum Clock {
  /// Nanoseconds of CLOCK_MONOTONIC.
  package static var monotonic: UInt64 { read(CLOCK_MONOTONIC) }

  /// Microseconds since 1970-01-01 UTC.
  package static var wall: Int64 { Int64(read(CLOCK_REALTIME) / 1000) }

  private static func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// The years 0 to 9999, in microseconds since 1970: what RFC 3339 can write.
  private static let written = -62_167_219_200_000_000...Int64(253_402_300_799_999_999)

  /// `2026-01-31T12:00:00.123456Z` of microseconds since 1970; the nearest that can be written.
  package static func rfc3339(microseconds: Int64) -> String {
    unsafe String(unsafeUninitializedCapacity: rfc3339Count) { text in
      unsafe write(microseconds: microseconds, to: UnsafeMutableRawBufferPointer(text))
      return rfc3339Count
    }
  }

  /// The bytes of every RFC 3339 text.
  package static let rfc3339Count = 27

  /// Writes the same text to the first `rfc3339Count` bytes of `text`, which has to have as many.
  package static func write(microseconds: Int64, to text: UnsafeMutableRawBufferPointer) {
    let microseconds = min(max(microseconds, written.lowerBound), written.upperBound)
    // In whole numbers: as a Double the last microsecond of a day would be that of the next.
    let dayLength: Int64 = 86_400_000_000
    let days = Int(microseconds / dayLength) - (microseconds % dayLength < 0 ? 1 : 0)
    let inDay = microseconds - Int64(days) * dayLength
    let (year, month, day) = civil(days)
    let seconds = Int(inDay / 1_000_000)
    var end = 0
    func put(_ number: Int, _ width: Int, _ separator: Unicode.Scalar) {
      var rest = number
      for index in (end..<end + width).reversed() {
        unsafe text[index] = UInt8(48 + rest % 10)
        rest /= 10
      }
      unsafe text[end + width] = UInt8(ascii: separator)
      end += width + 1
    }
    put(min(max(year, 0), 9999), 4, "-")
    put(month, 2, "-")
    put(day, 2, "T")
    put(seconds / 3600, 2, ":")
    put(seconds / 60 % 60, 2, ":")
    put(seconds % 60, 2, ".")
    put(Int(inDay % 1_000_000), 6, "Z")
  }

  /// The Gregorian date of a day counted from 1970-01-01 (H. Hinnant, 'chrono-compatible low-level date
  /// algorithms', civil_from_days).
  private static func civil(_ days: Int) -> (Int, Int, Int) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let ofEra = shifted - era * 146_097
    let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
    let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * ofYear + 2) / 153
    let day = ofYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }
}
