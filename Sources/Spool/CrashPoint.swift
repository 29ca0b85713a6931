import Glibc

/// The boundaries at which a crash leaves the store between two states. Each is tried by killing the
/// process there: `VEDETTE_CRASH_AT=NAME:N` kills it when it comes to that point for the Nth time.
package enum CrashPoint: String, CaseIterable, Sendable {
  case beforeReserve = "before-reserve"
  case afterReserve = "after-reserve"
  case afterCreate = "after-create"
  case afterAllocate = "after-allocate"
  case afterSegmentHeader = "after-segment-header"
  case beforeAppend = "before-append"
  /// Half of a block is written.
  case withinAppend = "within-append"
  case afterAppend = "after-append"
  case beforeCommit = "before-commit"
  case afterCommit = "after-commit"
  case beforeSeal = "before-seal"
  case afterFooter = "after-footer"
  case afterRename = "after-rename"
  /// The names of a new segment's file, and of the one before, last.
  case afterFolderSync = "after-folder-sync"
  case beforeState = "before-state"
  /// Half of a state slot is written.
  case withinState = "within-state"
  case afterState = "after-state"
  case beforeCursor = "before-cursor"
  case beforeDelete = "before-delete"
  case afterDelete = "after-delete"
  case withinThinning = "within-thinning"
  case beforeThinningRename = "before-thinning-rename"
  case afterQuarantine = "after-quarantine"

  private struct Order: Sendable {
    var point: CrashPoint
    var count: Int
  }

  private static let order: Order? = {
    guard let value = unsafe getenv("VEDETTE_CRASH_AT") else { return nil }
    let words = unsafe String(cString: value).split(separator: ":")
    guard words.count == 2, let point = CrashPoint(rawValue: String(words[0])),
      let count = Int(words[1])
    else { return nil }
    return Order(point: point, count: count)
  }()

  nonisolated(unsafe) private static var reached = 0

  /// True where the process is about to be killed here. The store has one thread.
  static func isDue(_ point: CrashPoint) -> Bool {
    guard let order, order.point == point else { return false }
    unsafe reached += 1
    return unsafe reached == order.count
  }

  static func pass(_ point: CrashPoint) {
    if isDue(point) { die() }
  }

  static func die() { kill(getpid(), SIGKILL) }
}
