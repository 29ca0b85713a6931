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
}
