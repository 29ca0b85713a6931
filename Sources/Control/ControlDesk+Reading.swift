import Documents
import Gallery
import Logging
import Synchronization

/// What a reader of the control topic died of, and what was skipped for it. It lies in the gallery's file, so that a box
/// that is started again goes on finding out where it was.
extension ControlDesk {
  private static let skippedKey = "control/skipped"

  private func suspectKey(_ partition: Int32) -> String { suspectPrefix + String(partition) }
  private var suspectPrefix: String { "control/reader/\(options.topic)/" }

  /// By partition.
  func readingSuspects() throws(GalleryError) -> [Int32: ReadingSuspect] {
    let prefix = suspectPrefix
    let (all, last) = try gallery.transaction { edit throws(GalleryError) in
      (try edit.states(prefix: prefix), try edit.state(Self.skippedKey))
    }
    reading.withLock { $0.last = last.flatMap { SkippedMessages($0) } }
    var suspects: [Int32: ReadingSuspect] = [:]
    for (key, value) in all {
      if let partition = Int32(key.dropFirst(prefix.count)), partition >= 0,
        let suspect = ReadingSuspect(value)
      {
        suspects[partition] = suspect
      }
    }
    return suspects
  }

  func note(_ change: ReadingPlan.Change, partition: Int32) throws(GalleryError) {
    let key = suspectKey(partition)
    switch change {
    case .keep(let suspect):
      try gallery.transaction { edit throws(GalleryError) in try edit.setState(key, suspect.bytes) }
    case .forget:
      try gallery.transaction { edit throws(GalleryError) in try edit.setState(key, nil) }
    case .skip(let from, let to):
      let skipped = SkippedMessages(
        partition: partition, from: from, to: to, at: Timestamp.now.microseconds)
      try commit { edit, inner, _ throws(GalleryError) in
        inner.memory.pass(partition, to - 1)
        try edit.setState(key, nil)
        try edit.setState(Self.skippedKey, skipped.bytes)
      }
      reading.withLock { state in
        state.last = skipped
        state.skips += 1
      }
      logger.error(
        "\(options.topic), partition \(partition): offsets \(from) to \(to - 1) are skipped, because whatever reads them is killed; commands may be missing"
      )
      target.announce(
        .controlSkipped,
        [
          "partition": .number(Double(partition)), "from": .number(Double(from)),
          "to": .number(Double(to - 1)),
        ])
    }
  }

  func countReaderDeath() { reading.withLock { $0.deaths += 1 } }
}

/// Messages of the control topic that were skipped, because they kill whatever reads them.
package struct SkippedMessages: Equatable, Sendable {
  package var partition: Int32
  /// The first offset, and the one that is read next.
  package var from: Int64
  package var to: Int64
  /// When, microseconds since 1970-01-01 UTC.
  package var at: Int64

  init(partition: Int32, from: Int64, to: Int64, at: Int64) {
    self.partition = partition
    self.from = from
    self.to = to
    self.at = at
  }

  var bytes: [UInt8] { Array("\(partition) \(from) \(to) \(at)".utf8) }

  init?(_ bytes: [UInt8]) {
    let numbers = String(decoding: bytes, as: UTF8.self).split(separator: " ").map { Int64($0) }
    guard numbers.count == 4, let partition = numbers[0].flatMap({ Int32(exactly: $0) }),
      let from = numbers[1], let to = numbers[2], let at = numbers[3], partition >= 0,
      (0...ReaderFrame.offsetMax).contains(from), (0...ReaderFrame.offsetMax).contains(to),
      (0...ReaderFrame.offsetMax).contains(at), from < to
    else { return nil }
    self.init(partition: partition, from: from, to: to, at: at)
  }
}

/// How the reader of the control topic has fared.
struct ReadingStanding: Sendable {
  /// In this run.
  var deaths = 0
  var skips = 0
  /// Also of an earlier run.
  var last: SkippedMessages?
}
