import CPosix
import Glibc

/// The bounds that the spool works within.
package struct SpoolOptions: Sendable {
  /// Bytes of one segment, 1 MiB … 1 GiB; a record that is larger gets a segment of its own.
  package var segmentBytes: UInt64 = 16 << 20
  /// Bytes of small records that are gathered into one block.
  package var groupBytes = 64 << 10
  /// Bytes on disk in all.
  package var quotaBytes: UInt64 = 2 << 30
  /// Bytes on disk of one class; without an entry only the whole counts.
  package var classQuotaBytes: [SpoolClass: UInt64] = [:]
  /// Seconds, by the store's own clock, after which a segment is given up; without an entry never.
  package var ageMax: [SpoolClass: Double] = [:]
  /// Whether every second frame goes before whole segments do.
  package var isThinning = false
  /// Bytes of records that no broker will ever take, kept to be looked at.
  package var deadBytes: UInt64 = 64 << 20
  /// Bytes of damaged segments that are kept to be looked at.
  package var quarantineBytes: UInt64 = 64 << 20
  package var isNewestFirst = false
  /// Where the keys are that the store is encrypted with; nil for a store that is not.
  package var keyFile: String?
  package var faults = DiskFaults()
  /// Milliseconds of a clock that never jumps; only differences count.
  package var monotonic: @Sendable () -> UInt64 = {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
  }

  package init() {}
}

extension SpoolOptions: Equatable {
  /// Whatever can be configured is alike: not the clock, nor the faults that tests cause.
  package static func == (one: SpoolOptions, other: SpoolOptions) -> Bool {
    one.segmentBytes == other.segmentBytes && one.groupBytes == other.groupBytes
      && one.quotaBytes == other.quotaBytes && one.classQuotaBytes == other.classQuotaBytes
      && one.ageMax == other.ageMax && one.isThinning == other.isThinning
      && one.deadBytes == other.deadBytes && one.quarantineBytes == other.quarantineBytes
      && one.isNewestFirst == other.isNewestFirst && one.keyFile == other.keyFile
  }
}

/// An append or commit that failed, with the records that do not last: they are their owner's again.
package struct SpoolFailure: Error, Sendable {
  package var error: SpoolError
  package var entries: [SpoolEntry]
}
