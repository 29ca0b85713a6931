import Control
import Documents
import Foundation
import Gallery
import Logging
import Synchronization

/// Mutated messages of the control topic, given to a box as they come: nothing is obeyed that was not signed. Half are
/// mutated before they are signed, so that commands' arguments are reached.
struct ControlFuzz: Fuzzer {
  private static let commands = [
    #"{"type":"ping"}"#, #"{"type":"status"}"#, #"{"camera":"front","type":"snapshot"}"#,
    #"{"camera":"front","set":{"detect_every":3,"distance":0.5},"type":"faces.set"}"#,
    #"{"camera":"front","set":{"masks":[{"height":10,"width":20,"x":0,"y":1}]},"type":"camera.set"}"#,
    #"{"camera":"front","type":"camera.stop"}"#,
    #"{"set":{"annotated":"off"},"type":"topics.set"}"#,
    #"{"people":[{"name":"Zoë \ud83d\ude00","photos":["AQID"]}],"type":"gallery.put"}"#,
    #"{"names":["Ada"],"photos":[],"type":"gallery.remove"}"#,
    #"{"chunk":0,"chunks":2,"entries":[],"hash":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","type":"gallery.replace","upload":"u","version":7}"#,
    #"{"type":"gallery.discard","upload":"u"}"#,
    #"{"folds":0,"inverse_regularisation":1e-3,"type":"gallery.train"}"#,
    #"{"class":"frames","type":"spool.discard"}"#, #"{"type":"config.reset"}"#,
    #"{"key":{"ed25519":"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=","issuer":"eve","root":true},"type":"keys.put"}"#,
  ]
  private static let words = [
    "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "\\udc00", "\\u0000", "null",
    "true", "false", "NaN", "-0", "1e400", "1e-400", "9007199254740993", "0.1e+1", "00", "1.",
    "[[[[[[[[[[[[[[[[[[[[", "{\"a\":{\"a\":", "\u{FEFF}", "\u{202E}", "\0", "\"signature\"",
    "\"key\"", "\"ed25519\"", "\"root\":true", "\"*\"", "\"all\":true", "\"percent\":100",
    "2026-02-30T00:00:00Z", "9999-12-31T23:59:59Z", "\"sequence\":0", "keys.put", "e\u{301}",
  ].map { Array($0.utf8) }

  private let key = SigningKey()
  private let target = FuzzTarget()
  private let folder: String
  private let gallery: Gallery
  private let desk: ControlDesk
  private var offset: Int64 = 0

  init() throws {
    folder = NSTemporaryDirectory() + "fuzz-control-\(ProcessInfo.processInfo.processIdentifier)"
    try? FileManager.default.removeItem(atPath: folder)
    try FileManager.default.createDirectory(
      atPath: folder + "/keys.d", withIntermediateDirectories: true)
    let trusted = TrustedKey(issuer: "ops", bytes: key.publicBytes)
    try Data(trusted.json.canonical).write(to: URL(fileURLWithPath: folder + "/keys.d/ops.pub"))
    gallery = try Gallery(folder + "/gallery.sqlite")
    desk = try ControlDesk(
      gallery: gallery, target: target, commands: target.commands, sink: target,
      options: ControlOptions(
        identity: ControlIdentity(
          node: "door-1", labels: ["site": "hanoi"]),
        topic: "vedette.control", keysFolder: folder + "/keys.d"),
      logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() })
    try desk.start()
  }

  private func envelope(_ command: JSON, sequence: Int) throws -> JSON {
    let now = Timestamp.now
    return try key.signed(
      Envelope.json(
        id: "c\(sequence)", issuer: "ops", sequence: sequence, issuedAt: now,
        expiresAt: now.adding(seconds: 3600), target: Target(.labels(["site": "hanoi"])),
        command: command))
  }

  func input(_ random: inout SeededGenerator) -> [UInt8] {
    // Grows, as sequences must.
    let number = Int(Timestamp.now.microseconds)
    var command = Array((Self.commands.randomElement(using: &random) ?? "").utf8)
    let other = Array((Self.commands.randomElement(using: &random) ?? "").utf8)
    if Bool.random(using: &random) {
      // Some are as they should be, so that all are given to a box that has obeyed something.
      if Int.random(in: 0..<8, using: &random) > 0 {
        command.mutate(&random, with: other, words: Self.words)
      }
      if let value = try? JSONReader.read(command),
        let message = try? envelope(value, sequence: number)
      {
        return [1] + message.canonical
      }
      return [0] + command
    }
    guard let value = try? JSONReader.read(command),
      var message = try? envelope(value, sequence: number).canonical
    else { return [0] }
    message.mutate(&random, with: other, words: Self.words)
    return [0] + message
  }

  /// The first byte says whether all behind it is as it was signed.
  mutating func run(_ input: [UInt8]) throws -> Bool {
    let isSigned = input.first == 1
    let message = Array(input.dropFirst())
    if let value = try? JSONReader.read(message) {
      let canonical = value.canonical
      // Canonical numbers of 10²¹ and more have an exponent; those between 2⁵³ and that are not exact, and refused.
      if let again = try? JSONReader.read(canonical), again != value || again.canonical != canonical
      {
        throw BrokenPromise(description: "another value in canonical form")
      }
    }
    let before = target.count
    let hash = gallery.loadedSnapshot?.hash
    try desk.handle(partition: 0, offset: offset, value: message)
    offset += 1
    let isObeyed = target.count != before || gallery.loadedSnapshot?.hash != hash
    if isObeyed, !isSigned, !wasSigned(message) {
      throw BrokenPromise(description: "obeyed, though nobody signed it")
    }
    if offset % 1000 == 0 { try desk.tick() }
    return isObeyed
  }

  /// Whether the mutation left the meaning as it was: then the signature is right.
  private func wasSigned(_ message: [UInt8]) -> Bool {
    guard let value = try? JSONReader.read(message), let envelope = try? Envelope(value),
      let signature = envelope.signature
    else { return false }
    return TrustedKey(issuer: "ops", bytes: key.publicBytes)
      .isValid(signature.bytes, of: envelope.signedBytes)
  }
}

/// Counts what it is told to do.
final class FuzzTarget: CommandTarget, ResultSink {
  private let done = Atomic(0)

  var count: Int { done.load(ordering: .relaxed) }

  func check(overlay: JSON) throws(Rejection) {}
  func check(_ scope: CommandScope, camera: String?) throws(Rejection) {}

  func adopt(overlay: JSON) throws(CommandFailure) -> [String: JSON] {
    done.add(1, ordering: .relaxed)
    return [:]
  }

  func hasPictures(camera: String, since: UInt64) -> Bool { true }

  /// What a box has besides Control's own has no effect here.
  var commands: BoundCommands {
    let others: [Command<FuzzTarget>] = [
      Command(.ping, .node) { _ in .work { target, _ in target.carryOut() } },
      Command(.status, .node) { _ in .work { target, _ in target.carryOut() } },
      Command(.snapshot, .camera) { fields throws(Rejection) in
        _ = try fields.word("camera", bytesMax: 63)
        return .work { target, _ in target.carryOut() }
      },
      Command(.spoolDiscard, .spool, isRepeatable: false) { fields throws(Rejection) in
        _ = try fields.word("class")
        return .work { target, _ in target.carryOut() }
      },
    ]
    return CommandTable(CommandTable.own(analysers: ["faces", "colours"]) + others).bound(to: self)
  }

  private func carryOut() -> [String: JSON] {
    done.add(1, ordering: .relaxed)
    return [:]
  }

  var model: ModelName? { try? ModelName("m") }
  let photoPixelsMax = 1 << 20
  func read(photo: [UInt8], pixels: inout Int) -> PhotoReading { .noFace }
  func announce(_ type: RecordType, _ facts: [String: JSON]) {}
  func send(_ result: ControlResult) {}
  var isSettled: Bool { true }
}
