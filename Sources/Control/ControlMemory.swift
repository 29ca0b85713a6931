import Crypto
import Documents
import Gallery

/// What a node keeps from message to message, so that none is obeyed twice. It lies in the gallery's file, and
/// changes there with the effect of the command or not at all.
struct ControlMemory: Equatable {
  /// Commands by whose ids the node knows them again. Sequences already keep out what is older; ids also tell the
  /// same command under two keys.
  static let seenMax = 1024
  private static let seenBytes = 16

  /// The next offset of each partition.
  private(set) var offsets: [Int32: Int64] = [:]
  /// The last sequence of each key.
  private(set) var sequences: [String: Int] = [:]
  /// The first bytes of the ids' SHA-256, oldest first.
  private var seen: [UInt8] = []
  /// The latest time at which a message to be heard was issued: it is not earlier now, whatever the clock says.
  private(set) var latest = Timestamp(microseconds: 0)
  /// What was issued before this is not obeyed: the memory of earlier commands was lost then.
  private(set) var floor = Timestamp(microseconds: 0)
  /// When a signed message last came, by the box's clock; nil for never.
  private(set) var heard: Timestamp?
  /// The next result's number.
  private var number = 0

  init() {}

  /// - Parameter topic: offsets of another topic mean nothing.
  init(_ edit: borrowing GalleryEdit, topic: String) throws(GalleryError) {
    for (key, value) in try edit.states(prefix: "control/offset/\(topic)/") {
      let partition = key.split(separator: "/").last.flatMap { Int32($0) }
      if let partition, let offset = Self.number(value) { offsets[partition] = Int64(offset) }
    }
    for (key, value) in try edit.states(prefix: "control/sequence/") {
      if let id = key.split(separator: "/").last { sequences[String(id)] = Self.number(value) }
    }
    seen = try edit.state("control/seen") ?? []
    latest.microseconds = Int64(try edit.state("control/latest").flatMap(Self.number) ?? 0)
    floor.microseconds = Int64(try edit.state("control/floor").flatMap(Self.number) ?? 0)
    heard = try edit.state("control/heard").flatMap(Self.number)
      .map { Timestamp(microseconds: Int64($0)) }
    number = try edit.state("control/number").flatMap(Self.number) ?? 0
  }

  /// Writes what differs from `before`, which is what the file says.
  func write(
    _ edit: inout GalleryEdit, topic: String, before: ControlMemory
  ) throws(GalleryError) {
    for (partition, offset) in offsets where before.offsets[partition] != offset {
      try edit.setState("control/offset/\(topic)/\(partition)", Self.bytes(Int(offset)))
    }
    for partition in before.offsets.keys where offsets[partition] == nil {
      try edit.setState("control/offset/\(topic)/\(partition)", nil)
    }
    for (key, sequence) in sequences where before.sequences[key] != sequence {
      try edit.setState("control/sequence/\(key)", Self.bytes(sequence))
    }
    for key in before.sequences.keys where sequences[key] == nil {
      try edit.setState("control/sequence/\(key)", nil)
    }
    if seen != before.seen { try edit.setState("control/seen", seen) }
    if latest != before.latest {
      try edit.setState("control/latest", Self.bytes(Int(latest.microseconds)))
    }
    if floor != before.floor {
      try edit.setState("control/floor", Self.bytes(Int(floor.microseconds)))
    }
    if let heard, heard != before.heard {
      try edit.setState("control/heard", Self.bytes(Int(heard.microseconds)))
    }
    if number != before.number { try edit.setState("control/number", Self.bytes(number)) }
  }

  static func bytes(_ number: Int) -> [UInt8] { Array(String(number).utf8) }

  /// The largest number that is believed, of a file or of a broker: there is room above it to count on.
  private static let numberMax = 1 << 60

  /// Nil for what is no number, or one that no node has counted up to.
  static func number(_ bytes: [UInt8]) -> Int? {
    guard let number = Int(String(decoding: bytes, as: UTF8.self)),
      (-numberMax...numberMax).contains(number)
    else { return nil }
    return number
  }

  mutating func nextNumber() -> Int {
    // Beyond this a number in JSON is no longer exact.
    number = (0..<Int(JSON.integerMax)).contains(number) ? number + 1 : 1
    return number
  }

  /// Takes over what was judged on a copy; results may have been numbered meanwhile.
  mutating func take(_ judged: ControlMemory) {
    let number = number
    self = judged
    self.number = number
  }

  mutating func pass(_ partition: Int32, _ offset: Int64) {
    // A broker may say any offset.
    offsets[partition] = min(max(offset, -1), Int64(Self.numberMax) - 1) + 1
  }

  mutating func forgetOffset(_ partition: Int32) { offsets[partition] = nil }

  /// The time by which validity is judged.
  func now(_ clock: Timestamp) -> Timestamp { max(clock, latest) }

  /// Notes when a message was issued that its key may give to this node.
  mutating func hear(_ issuedAt: Timestamp, atMost limit: Timestamp) {
    latest = max(latest, min(issuedAt, limit))
  }

  /// A root key says what time it is: earlier messages may have said too much.
  mutating func setTime(_ time: Timestamp, clock: Timestamp) {
    latest = time
    // Where the memory was lost in the past, that stands.
    if floor > clock { floor = min(floor, time) }
  }

  /// Notes a message whose signature is right.
  mutating func note(_ envelope: Envelope, key: String, clock: Timestamp) {
    sequences[key] = max(sequences[key] ?? -1, envelope.sequence)
    heard = clock
  }

  /// What the node remembered is gone, or older than it was: nothing that was issued up to now is obeyed any more.
  mutating func close(after copy: OverridesCopy, clock: Timestamp) {
    for (key, sequence) in copy.sequences {
      sequences[key] = max(sequences[key] ?? -1, sequence)
    }
    latest = max(latest, Timestamp(microseconds: copy.latest))
    floor = max(floor, latest, clock)
  }

  /// - Parameter issuer: as the signature proves it; what others call their commands is no matter.
  func knows(_ id: String, of issuer: String) -> Bool {
    let digest = Self.digest(id, issuer)
    return stride(from: 0, to: seen.count, by: Self.seenBytes).contains {
      seen[$0..<min($0 + Self.seenBytes, seen.count)].elementsEqual(digest)
    }
  }

  mutating func remember(_ id: String, of issuer: String) {
    seen += Self.digest(id, issuer)
    let over = seen.count - Self.seenMax * Self.seenBytes
    if over > 0 { seen.removeFirst(over) }
  }

  private static func digest(_ id: String, _ issuer: String) -> [UInt8] {
    Array(SHA256.hash(data: Array("\(issuer)\n\(id)".utf8)).prefix(seenBytes))
  }

  /// A key that was revoked needs no sequence any more.
  mutating func forgetSequence(_ key: String) { sequences[key] = nil }
}
