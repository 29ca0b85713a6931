package import Documents
import Gallery

/// What commands changed on this node for good and must not be forgotten: what lies over the configuration, and which
/// keys are trusted. Masks and stops are among it.
package struct Overrides: Equatable, Sendable {
  /// A merge patch over what the configuration's files say.
  package var overlay: JSON = [:]
  /// Keys that came over the topic, by their ids.
  package var keys: [String: JSON] = [:]
  package var revoked: Set<String> = []
  /// The cameras that were configured when all of it was last in force, and where their pictures came from.
  package var sources: [String: [String]] = [:]

  package init() {}

  init(_ value: JSON?) throws(Rejection) {
    var fields = try Fields(value, "overrides")
    overlay = fields.value("overlay") ?? [:]
    keys = fields.value("keys")?.members ?? [:]
    revoked = Set((fields.value("revoked")?.items ?? []).compactMap(\.text))
    sources = (fields.value("sources")?.members ?? [:]).mapValues {
      ($0.items ?? []).compactMap(\.text)
    }
    try fields.finish()
  }

  var json: JSON {
    [
      "overlay": overlay, "keys": .object(keys),
      "revoked": .array(revoked.sorted().map { .string($0) }),
      "sources": .object(sources.mapValues { .array($0.map { .string($0) }) }),
    ]
  }

  /// What the gallery's file has of it.
  /// - Returns: nil where the file has never seen a command.
  static func stored(
    _ edit: borrowing GalleryEdit
  ) throws(GalleryError) -> (generation: Int, Overrides)? {
    var overrides = Overrides()
    if let bytes = try edit.state("control/overlay") {
      // What cannot be read is not taken for nothing.
      guard let overlay = try? JSONReader.read(bytes, limits: .stored) else {
        throw GalleryError(.damaged, "what commands changed of the configuration cannot be read")
      }
      overrides.overlay = overlay
    }
    for (key, value) in try edit.states(prefix: "control/key/") {
      overrides.keys[String(key.dropFirst("control/key/".count))] = try? JSONReader.read(value)
    }
    for (key, _) in try edit.states(prefix: "control/revoked/") {
      overrides.revoked.insert(String(key.dropFirst("control/revoked/".count)))
    }
    if let bytes = try edit.state("control/sources"), let value = try? JSONReader.read(bytes) {
      overrides.sources = (value.members ?? [:]).mapValues { ($0.items ?? []).compactMap(\.text) }
    }
    let generation = try edit.state("control/overrides").flatMap(ControlMemory.number)
      .map { min(max(0, $0), Int(JSON.integerMax) - 1) }
    let isUsed = try edit.state("control/number") != nil || overrides != Overrides()
    return generation == nil && !isUsed ? nil : (generation ?? 0, overrides)
  }

  /// Makes the gallery's copy this one.
  func store(
    _ edit: inout GalleryEdit, generation: Int, before: Overrides
  ) throws(GalleryError) {
    try edit.setState("control/overlay", overlay == [:] ? nil : overlay.canonical)
    for id in before.keys.keys where keys[id] == nil {
      try edit.setState("control/key/\(id)", nil)
    }
    for (id, key) in keys where before.keys[id] != key {
      try edit.setState("control/key/\(id)", key.canonical)
    }
    for id in revoked.subtracting(before.revoked) {
      try edit.setState("control/revoked/\(id)", [1])
    }
    try edit.setState(
      "control/sources",
      sources.isEmpty
        ? nil : JSON.object(sources.mapValues { .array($0.map { .string($0) }) }).canonical)
    try edit.setState("control/overrides", ControlMemory.bytes(generation))
  }
}

/// The overrides as they are in a file, with what keeps old commands out should the gallery be lost.
package struct OverridesCopy: Equatable, Sendable {
  /// Higher is newer.
  package var generation: Int
  package var overrides: Overrides
  /// The last sequence of each key, when this was written.
  package var sequences: [String: Int] = [:]
  /// The latest time that was known then, microseconds since 1970.
  package var latest: Int64 = 0

  package init(generation: Int, overrides: Overrides) {
    self.generation = generation
    self.overrides = overrides
  }

  /// As one line, with a sum over all that it says.
  var bytes: [UInt8] {
    let text = body.canonical
    let sum = JSON.string(Digest(of: text).description)
    return JSON.object(["body": body, "sha256": sum]).canonical + [10]
  }

  private var body: JSON {
    [
      "generation": .number(Double(generation)), "overrides": overrides.json,
      "sequences": .object(sequences.mapValues { .string(String($0)) }),
      "latest": .string(String(latest)),
    ]
  }

  /// - Throws: where a byte is not as it was written.
  init(_ bytes: [UInt8]) throws(Rejection) {
    let value = try JSONReader.readOrReject(bytes, limits: .stored)
    // Room above it to count on: the number is exact in JSON, and the next one must be.
    guard let body = value["body"], let generation = body["generation"]?.integer,
      (0..<Int(JSON.integerMax)).contains(generation), let sum = value["sha256"]?.text,
      sum == Digest(of: body.canonical).description
    else { throw Rejection(.malformed, "its check sum is not that of its text") }
    self.generation = generation
    overrides = try Overrides(body["overrides"])
    sequences = (body["sequences"]?.members ?? [:]).compactMapValues {
      $0.text.flatMap { ControlMemory.number(Array($0.utf8)) }
    }
    latest = Int64(body["latest"]?.text.flatMap { ControlMemory.number(Array($0.utf8)) } ?? 0)
  }
}
