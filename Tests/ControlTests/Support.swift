import Control
import Documents
import Foundation
import Gallery
import Logging
import Synchronization
import TestFolders

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

func reason(_ body: () throws(Rejection) -> Void) -> Rejection.Reason? {
  do throws(Rejection) {
    try body()
    return nil
  } catch {
    return error.reason
  }
}

/// An agent that notes what it is told.
final class FakeTarget: CommandTarget {
  struct State {
    /// Whether the long command at hand has come to its end; nil where it takes no time.
    var long: (@Sendable () -> Bool)?
    var adopted: [JSON] = []
    var done: [String] = []
    var announced: [String] = []
    var refusal: Rejection?
    var failure: CommandFailure?
    var hasPictures = true
    /// Called while a change is checked.
    var duringCheck: (@Sendable () -> Void)?
    /// Called while a photograph is looked at.
    var duringPhoto: (@Sendable () -> Void)?
    var photosRead = 0
    /// Called while a change is adopted.
    var duringAdopt: (@Sendable () -> Void)?
  }

  let state = Mutex(State())
  /// Cameras that there are.
  let cameras: Set<String> = ["front", "yard"]

  func check(overlay: JSON) throws(Rejection) {
    state.withLock { $0.duringCheck }?()
    if let refusal = state.withLock({ $0.refusal }) { throw refusal }
  }

  /// Changes are checked by `check(overlay:)`.
  func check(_ scope: CommandScope, camera: String?) throws(Rejection) {
    if let camera, !cameras.contains(camera) {
      throw Rejection(.unavailable, "there is no camera \(camera)")
    }
  }

  func adopt(overlay: JSON) throws(CommandFailure) -> [String: JSON] {
    state.withLock { $0.duringAdopt }?()
    let failure = state.withLock { state in
      state.adopted.append(overlay)
      defer { state.failure = nil }
      return state.failure
    }
    if let failure { throw failure }
    return [:]
  }

  func hasPictures(camera: String, since: UInt64) -> Bool { state.withLock { $0.hasPictures } }

  /// Those of Control itself, and others of each kind.
  var commands: BoundCommands {
    let others: [Command<FakeTarget>] = [
      Command(.ping, .node) { _ in .work { target, _ in target.carryOut("ping") } },
      Command(.status, .node) { _ in .work { target, _ in target.carryOut("status") } },
      Command(.snapshot, .camera) { fields throws(Rejection) in
        let camera = try fields.word("camera", bytesMax: 63)
        return .work { target, _ in target.carryOut("snapshot \(camera)") }
      },
      Command(.spoolDrain, .spool) { _ in .work { target, _ in target.carryOut("drain") } },
      Command(.spoolDiscard, .spool, isRepeatable: false) { fields throws(Rejection) in
        let name = try fields.word("class")
        return .work { target, _ in target.carryOut("discard \(name)") }
      },
      Command(.coloursSilhouette, .camera, isLong: true) { fields throws(Rejection) in
        let camera = try fields.word("camera", bytesMax: 63)
        _ = try fields.optionalNumber("lambda", 1...1000)
        return .work { (target, isStopping) throws(CommandFailure) in
          try target.carryOut(long: "silhouette \(camera)", isStopping)
        }
      },
    ]
    return CommandTable(CommandTable.own(analysers: ["faces", "colours"]) + others).bound(to: self)
  }

  private func carryOut(_ command: String) -> [String: JSON] {
    state.withLock { $0.done.append(command) }
    return ["answer": 42]
  }

  /// What a command that takes long does, where a test says so.
  private func carryOut(
    long command: String, _ isStopping: () -> Bool
  ) throws(CommandFailure) -> [String: JSON] {
    guard state.withLock({ $0.long }) != nil else { return carryOut(command) }
    state.withLock { $0.done.append(command) }
    while state.withLock({ $0.long })?() == false {
      if isStopping() { throw CommandFailure("the node ends", isInterrupted: true) }
      usleep(1000)
    }
    return ["answer": 43]
  }

  var model: ModelName? { try? ModelName("m") }

  let photoPixelsMax = 100

  /// As many pixels as it has bytes.
  func read(photo: [UInt8], pixels: inout Int) -> PhotoReading {
    state.withLock { $0.photosRead += 1 }
    state.withLock { $0.duringPhoto }?()
    guard photo.count <= pixels else { return .unreadable("too large") }
    pixels -= photo.count
    guard photo.first == 1 else { return .noFace }
    return (try? Encoding((0..<128).map { Float($0) / 1000 + Float(photo.count) })).map {
      .face($0)
    }
      ?? .noFace
  }

  func announce(_ type: RecordType, _ facts: [String: JSON]) {
    state.withLock { $0.announced.append(type.rawValue) }
  }
}

final class FakeSink: ResultSink {
  let results = Mutex<[ControlResult]>([])
  let settled = Mutex(false)

  func send(_ result: ControlResult) { results.withLock { $0.append(result) } }
  var isSettled: Bool { settled.withLock { $0 } }

  /// The states of a command's results, in their order.
  func states(_ id: String?) -> [ControlResult.State] {
    results.withLock { $0.filter { $0.id == id }.map(\.state) }
  }

  var last: ControlResult? { results.withLock { $0.last } }
}

/// A box with its folder, and those who may command it.
final class Box {
  let folder: String
  let key = SigningKey()
  let root = SigningKey()
  let target = FakeTarget()
  let sink = FakeSink()
  var desk: ControlDesk
  var gallery: Gallery
  var identity = ControlIdentity(
    node: "door-1", labels: ["site": "hanoi", "role": "door"])
  private var offset: Int64 = 0
  var sequence = 0

  /// - Parameter isStarted: false where a receiver starts the desk.
  init(freezeAfter: Double? = nil, allowsUnsigned: Bool = false, isStarted: Bool = true) throws {
    folder = TestFolders.base + "/control-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: folder + "/keys.d", withIntermediateDirectories: true)
    identity.allowsUnsigned = allowsUnsigned
    for (name, key) in [
      ("ops", TrustedKey(issuer: "ops", bytes: key.publicBytes)),
      ("root", TrustedKey(issuer: "root", bytes: root.publicBytes, isRoot: true, commands: [])),
    ] {
      try key.json.canonicalText.write(
        toFile: "\(folder)/keys.d/\(name).pub", atomically: true, encoding: .utf8)
    }
    (gallery, desk) = try Self.open(folder, identity, target, sink, freezeAfter)
    if isStarted { try desk.start() }
  }

  private static func open(
    _ folder: String, _ identity: ControlIdentity, _ target: FakeTarget, _ sink: FakeSink,
    _ freezeAfter: Double?
  ) throws -> (Gallery, ControlDesk) {
    let gallery = try Gallery(folder + "/gallery.sqlite")
    var options = ControlOptions(
      identity: identity, topic: "vedette.control", keysFolder: folder + "/keys.d")
    options.freezeAfter = freezeAfter
    options.store = OverrideStore(folder: folder)
    let desk = try ControlDesk(
      gallery: gallery, target: target, commands: target.commands, sink: sink, options: options,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    return (gallery, desk)
  }

  /// Ends the process, as it were, and starts it again.
  func restart() throws {
    desk.stop()
    try reopen()
    try desk.start()
  }

  /// The same, where the desk was ended by its receiver, and will be started by one.
  func reopen() throws {
    (gallery, desk) = try Self.open(folder, identity, target, sink, nil)
  }

  deinit {
    desk.stop()
    try? FileManager.default.removeItem(atPath: folder)
  }

  func envelope(
    _ command: JSON, id: String = UUID().uuidString, issuer: String = "ops",
    target: Target = Target(.all), issued: Double = 0, lasts: Double = 3600, sequence: Int? = nil
  ) -> JSON {
    self.sequence += 1
    let issuedAt = Timestamp.now.adding(seconds: issued)
    return Envelope.json(
      id: id, issuer: issuer, sequence: sequence ?? self.sequence, issuedAt: issuedAt,
      expiresAt: issuedAt.adding(seconds: lasts), target: target, command: command)
  }

  func signed(_ envelope: JSON, by other: SigningKey? = nil) throws -> [UInt8] {
    try (other ?? key).signed(envelope).canonical
  }

  func give(_ bytes: [UInt8]) throws {
    try desk.handle(partition: 0, offset: offset, value: bytes)
    offset += 1
  }

  /// Signs and gives a command; the states and the reason of what is answered.
  @discardableResult
  func command(_ command: JSON, id: String = UUID().uuidString) throws -> ControlResult? {
    try give(signed(envelope(command, id: id)))
    return sink.last
  }

  var store: OverrideStore? { desk.options.store }

  func hash() throws -> String { try gallery.summary().hash.description }
}

/// The built daemon, which is also the reader: beside the test bundle.
let readerProgram: ReaderProgram = {
  var url = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
  while url.path != "/" {
    let daemon = url.appendingPathComponent("vedetted").path
    if FileManager.default.isExecutableFile(atPath: daemon) { return ReaderProgram(path: daemon) }
    url.deleteLastPathComponent()
  }
  return ReaderProgram(path: ".build/debug/vedetted")
}()

func encoding(_ seed: Int) -> JSON {
  .array((0..<128).map { .number(Double(($0 * 7 + seed * 13) % 100) / 1000) })
}
