package import Meters

/// Records of one camera that were given up together, to be told downstream.
package struct Gap: Equatable, Sendable {
  package var camera: String
  /// The run of the agent that captured them.
  package var run: String
  package var firstSequence: UInt64
  package var lastSequence: UInt64
  package var count: Int
  package var bytes: Int
  package var reason: DropReason

  /// Whether damage left a trace of which records they were; else the camera is empty and the numbers mean nothing.
  package var isKnown: Bool { !camera.isEmpty }

  package init(
    camera: String, run: String, firstSequence: UInt64, lastSequence: UInt64, count: Int,
    bytes: Int, reason: DropReason
  ) {
    self.camera = camera
    self.run = run
    self.firstSequence = firstSequence
    self.lastSequence = lastSequence
    self.count = count
    self.bytes = bytes
    self.reason = reason
  }
}

/// Gathers losses until they are told, so that a thousand frames dropped one by one make one gap.
struct GapBook {
  private struct Key: Hashable {
    var camera: String
    var run: String
    var reason: DropReason
  }

  private var gaps: [Key: Gap] = [:]

  var isEmpty: Bool { gaps.isEmpty }

  mutating func add(_ record: Record, _ reason: DropReason) {
    add(
      Gap(
        camera: record.meters.name, run: record.run, firstSequence: record.sequence,
        lastSequence: record.sequence,
        count: 1, bytes: record.payloadBytes, reason: reason))
  }

  mutating func add(_ gap: Gap) {
    let key = Key(camera: gap.camera, run: gap.run, reason: gap.reason)
    guard var sum = gaps[key] else {
      gaps[key] = gap
      return
    }
    sum.firstSequence = min(sum.firstSequence, gap.firstSequence)
    sum.lastSequence = max(sum.lastSequence, gap.lastSequence)
    sum.count += gap.count
    sum.bytes += gap.bytes
    gaps[key] = sum
  }

  mutating func take() -> [Gap] {
    defer { gaps = [:] }
    return gaps.values.sorted { ($0.camera, $0.firstSequence) < ($1.camera, $1.firstSequence) }
  }
}

/// Gaps as a few lines of text: what the spool keeps of them for the next run.
extension [Gap] {
  var note: [UInt8] {
    [UInt8](
      map {
        "\($0.camera)\t\($0.run)\t\($0.firstSequence)\t\($0.lastSequence)\t\($0.count)\t\($0.bytes)\n"
      }.joined().utf8)
  }

  /// More than any run loses: sums of such numbers fit.
  private static let countMax = 1 << 40
  private static let bytesMax = 1 << 50

  /// Lines of another version are passed over.
  init(note: [UInt8]) {
    self = note.split(separator: UInt8(ascii: "\n")).compactMap { line in
      let words = String(decoding: line, as: UTF8.self).split(
        separator: "\t", omittingEmptySubsequences: false)
      guard words.count == 6, let first = UInt64(words[2]), let last = UInt64(words[3]),
        let count = Int(words[4]), let bytes = Int(words[5]),
        first <= last, (1...Self.countMax).contains(count), (0...Self.bytesMax).contains(bytes)
      else { return nil }
      return Gap(
        camera: String(words[0]), run: String(words[1]), firstSequence: first, lastSequence: last,
        count: count, bytes: bytes, reason: .crash)
    }
  }
}

/// What becomes an event, made by whoever knows the topics and the schemas.
package struct Announcements: Sendable {
  /// The event of a gap; nil where events are switched off.
  package var gap: @Sendable (Gap) -> Record?
  /// The event of a record that no broker will ever take, and why.
  package var deadLetter: @Sendable (_ record: Record, _ reason: String) -> Record?

  package init(
    gap: @escaping @Sendable (Gap) -> Record? = { _ in nil },
    deadLetter: @escaping @Sendable (Record, String) -> Record? = { _, _ in nil }
  ) {
    self.gap = gap
    self.deadLetter = deadLetter
  }
}
