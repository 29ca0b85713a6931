// Written by tools/schemas from schemas/drop-reason.json. Change that and run it.

/// Why a record was given up. Ledgers and gap events name it.
package enum DropReason: String, CaseIterable, Sendable {
  /// Above the configured publish rate.
  case rate
  /// Nothing moved, and the still rate did not want it.
  case still
  /// The frames' topic is switched off.
  case topicOff = "topic_off"
  /// Thinned out by rule: every second frame of a backlog.
  case decimated
  /// The driver flagged it, it was short, or it was not a whole picture.
  case corrupt
  /// Larger than the broker takes.
  case oversize
  /// The disk quota was full; or, without a spool, the memory window.
  case quota
  /// An operator had the backlog discarded.
  case discarded
  /// The memory window was full though the spool had room: more came than brokers and its disk
  /// took.
  case overload
  /// Older than configured.
  case age
  /// The disk refused it.
  case ioError = "io_error"
  /// The time for a clean shutdown ran out.
  case shutdown
  /// Lost in a crash, found out afterwards.
  case crash

  /// Its place in a table of all.
  var index: Int {
    switch self {
    case .rate: 0
    case .still: 1
    case .topicOff: 2
    case .decimated: 3
    case .corrupt: 4
    case .oversize: 5
    case .quota: 6
    case .discarded: 7
    case .overload: 8
    case .age: 9
    case .ioError: 10
    case .shutdown: 11
    case .crash: 12
    }
  }
}
