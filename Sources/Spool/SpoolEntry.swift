/// A record as the spool keeps it. What `meta` and `body` mean is their owner's business.
package struct SpoolEntry: Equatable, Sendable {
  /// Whose record it is (a camera's name): at most 255 bytes of UTF-8.
  package var source: String
  /// The owner's number, by which losses are told.
  package var sequence: UInt64
  /// Microseconds since 1970, told but never relied on.
  package var time: Int64
  package var meta: [UInt8]
  package var body: [UInt8]

  package init(
    source: String, sequence: UInt64, time: Int64, meta: [UInt8], body: [UInt8]
  ) {
    self.source = source
    self.sequence = sequence
    self.time = time
    self.meta = meta
    self.body = body
  }
}

/// Where an entry lies. Positions of one class grow in the order of appending.
package struct SpoolPosition: Hashable, Comparable, Sendable {
  package var segment: UInt64
  /// The entry's number within its segment.
  package var ordinal: UInt64

  package static func < (left: SpoolPosition, right: SpoolPosition) -> Bool {
    (left.segment, left.ordinal) < (right.segment, right.ordinal)
  }
}

/// An entry that was read back.
package struct StoredEntry: Sendable {
  package var position: SpoolPosition
  package var entry: SpoolEntry
  /// Seconds of the store's own clock since it was appended.
  package var age: Double
}

/// Why entries were given up.
package enum LossReason: String, Sendable {
  case quota, age, decimated, corrupt
  /// By the operator's word.
  case discarded
  case ioError = "io_error"
}

/// Entries of one source that were given up together.
package struct SpoolLoss: Equatable, Sendable {
  package var spoolClass: SpoolClass
  package var source: String
  package var firstSequence: UInt64
  package var lastSequence: UInt64
  package var count: Int
  package var bytes: Int
  package var reason: LossReason

  /// Whether damage left a trace of which records they were; else source and numbers mean nothing.
  package var isKnown: Bool { !source.isEmpty }

  /// What happened, for the log.
  /// - Parameter name: the source, as the reader knows it.
  package func sentence(source name: String) -> String {
    let noun = count == 1 ? String(spoolClass.name.dropLast()) : spoolClass.name
    let what =
      !isKnown
      ? "at least \(count) \(noun) of unknown cameras and numbers"
      : firstSequence == lastSequence
        ? "\(count) \(noun) of \(name), number \(firstSequence),"
        : UInt64(clamping: count) == (lastSequence - firstSequence).adding(1)
          ? "\(count) \(noun) of \(name), numbers \(firstSequence) to \(lastSequence),"
          : "\(count) \(noun) of \(name), numbers between \(firstSequence) and \(lastSequence),"
    return "\(what) \(count == 1 ? "was" : "were") \(reason.sentence)"
  }
}

extension LossReason {
  fileprivate var sentence: String {
    switch self {
    case .quota: "dropped: the spool is full"
    case .age: "dropped: older than the spool keeps them"
    case .decimated: "dropped: the spool is full, and every second one goes first"
    case .corrupt: "lost: the spool's files were damaged"
    case .discarded: "dropped: an operator discarded the backlog"
    case .ioError: "lost: the disk refused them"
    }
  }
}
