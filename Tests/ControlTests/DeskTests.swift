import Control
import Documents
import Foundation
import Gallery
import Synchronization
import Testing

@Suite("Commands") struct DeskTests {
  let box: Box

  init() throws { box = try Box() }

  private func wait(_ id: String, _ state: ControlResult.State) -> Bool {
    for _ in 0..<6000 {
      if box.sink.states(id).contains(state) { return true }
      Thread.sleep(forTimeInterval: 0.01)
    }
    return false
  }

  @Test(
    "with wrong arguments are refused before anything is touched",
    arguments: [
      #"{"type":"keys.revoke"}"#,
      #"{"type":"no.such"}"#, #"{"type":"ping","more":1}"#, #"{"type":"snapshot"}"#,
      #"{"type":"snapshot","camera":"a/b"}"#, #"{"type":"faces.set","camera":"front","set":5}"#,
      #"{"type":"camera.set","camera":"front","set":{}}"#,
      #"{"type":"camera.set","camera":"front","set":{"a":1},"probation":0}"#,
      #"{"type":"gallery.put","people":[]}"#,
      #"{"type":"gallery.put","people":[{"name":"A"}]}"#,
      #"{"type":"gallery.put","people":[{"name":" A","photos":["AQ=="]}]}"#,
      #"{"type":"gallery.put","people":[{"name":"A","photos":["!"]}]}"#,
      #"{"type":"gallery.put","people":[{"name":"A","model":"m","encodings":[[1,2]]}]}"#,
      #"{"type":"colours.silhouette","camera":"front","lambda":0}"#,
      #"{"type":"colours.silhouette","camera":"front","lambda":1e300}"#,
      #"{"type":"gallery.discard","upload":"a b"}"#, #"{"type":"gallery.discard","upload":5}"#,
      #"{"type":"gallery.remove"}"#, #"{"type":"gallery.train","folds":1}"#,
      #"{"type":"gallery.replace","upload":"x","version":0,"hash":"00","chunk":0,"chunks":1,"entries":[]}"#,
    ])
  func badArguments(_ text: String) throws {
    let result = try box.command(try JSONReader.read(bytes(text)))
    #expect(result?.state == .rejected)
    let isKeys = text.contains("keys.")
    #expect(
      result?.reason
        == (isKeys ? "not_allowed" : text.contains("no.such") ? "unknown_type" : "bad_argument"))
    #expect(box.target.state.withLock { $0.done.isEmpty && $0.adopted.isEmpty })
  }

  @Test("are answered twice: accepted, and how they ended") func answers() throws {
    try box.command(["type": "status"], id: "s")
    #expect(box.sink.states("s") == [.accepted, .succeeded])
    #expect(box.sink.last?.facts["answer"] == 42)
    try box.command(["type": "snapshot", "camera": "none"], id: "t")
    #expect(box.sink.states("t") == [.rejected])
    let numbers = box.sink.results.withLock { $0.map(\.number) }
    #expect(numbers == Array(1...numbers.count))
  }

  @Test("are done once though the log is read again from an earlier place") func once() throws {
    let message = try box.signed(box.envelope(["type": "ping"], id: "p"))
    for _ in 0..<3 { try box.desk.handle(partition: 2, offset: 7, value: message) }
    try box.restart()
    try box.desk.handle(partition: 2, offset: 7, value: message)
    #expect(box.target.state.withLock { $0.done.count } == 1)
    #expect(box.desk.offsets[2] == 8)
  }

  @Test("lay changes over the configuration, and keep them over a restart") func overlay() throws {
    try box.command(["type": "faces.set", "camera": "front", "set": ["distance": 0.5]])
    try box.command(["type": "camera.set", "camera": "front", "set": ["quality": 70]])
    try box.command(["type": "topics.set", "set": ["annotated": "off"]])
    try box.command(["type": "camera.start", "camera": "yard"])
    #expect(box.desk.overlay["cameras"]?["yard"]?["enabled"] == true)
    try box.command(["type": "camera.stop", "camera": "yard"])
    let expected: JSON = [
      "cameras": [
        "front": ["faces": ["distance": 0.5], "quality": 70], "yard": ["enabled": false],
      ], "kafka": ["topics": ["annotated": "off"]],
    ]
    #expect(box.desk.overlay == expected)
    #expect(box.target.state.withLock { $0.adopted.last } == expected)
    try box.restart()
    #expect(box.desk.overlay == expected)
    try box.command(["type": "config.reset"])
    #expect(box.desk.overlay == [:])
    #expect(box.target.state.withLock { $0.adopted.last } == [:])
  }

  @Test("that the configuration refuses change nothing") func refused() throws {
    box.target.state.withLock { $0.refusal = Rejection(.badArgument, "no such key") }
    let result = try box.command(["type": "camera.set", "camera": "front", "set": ["qualty": 70]])
    #expect(result?.reason == "bad_argument")
    #expect(box.desk.overlay == [:])
    #expect(box.target.state.withLock { $0.adopted.isEmpty })
  }

  @Test("that the agent cannot carry out are taken back") func takenBack() throws {
    box.target.state.withLock { $0.failure = CommandFailure("no such device") }
    let result = try box.command(["type": "camera.set", "camera": "front", "set": ["quality": 70]])
    #expect(result?.state == .failed)
    #expect(box.desk.overlay == [:])
    #expect(box.target.state.withLock { $0.adopted.last } == [:])
  }

  @Test("on probation stay where the camera gives pictures, and go where it does not")
  func probation() throws {
    func set(_ quality: Int, _ id: String) throws {
      try box.command(
        [
          "type": "camera.set", "camera": "front", "set": ["quality": .number(Double(quality))],
          "probation": 1,
        ], id: id)
    }
    try set(70, "good")
    #expect(wait("good", .succeeded))
    box.target.state.withLock { $0.hasPictures = false }
    try set(60, "bad")
    try box.command(
      ["type": "camera.set", "camera": "yard", "set": ["quality": 50]], id: "between")
    #expect(box.sink.states("between") == [.accepted, .succeeded])
    #expect(wait("bad", .failed))
    #expect(
      box.desk.overlay == ["cameras": ["front": ["quality": 70], "yard": ["quality": 50]]])
  }

  @Test("put, replace and remove people, exactly once and with the same hash everywhere")
  func gallery() throws {
    let put: JSON = [
      "type": "gallery.put",
      "people": [
        [
          "name": "Ada",
          "photos": [.string(Base64.encoded([1, 2])), .string(Base64.encoded([0]))],
        ],
        ["name": "Bob", "model": "m", "encodings": [encoding(3)]],
      ],
    ]
    let result = try box.command(put)
    #expect(result?.state == .succeeded)
    #expect(result?.facts["added"] == 2)
    #expect(result?.facts["refused"] == 1)
    #expect(result?.facts["hash"]?.text == (try box.hash()))
    #expect(try box.command(put)?.facts["already_there"] == 2)
    let people = try box.gallery.people().map(\.name.text)
    #expect(people == ["Ada", "Bob"])

    // What another box has, in three pieces, in any order.
    let other = try Box()
    try other.command([
      "type": "gallery.put",
      "people": .array(
        (0..<9).map { ["name": .string("P\($0)"), "model": "m", "encodings": [encoding($0)]] }),
    ])
    for chunk in [2, 0, 1] {
      let entries = (chunk * 3..<chunk * 3 + 3).map {
        ["name": .string("P\($0)"), "model": "m", "encoding": encoding($0)] as JSON
      }
      #expect(try box.gallery.people().count == 2)
      try box.command([
        "type": "gallery.replace", "upload": "u", "version": 9, "hash": .string(try other.hash()),
        "chunk": .number(Double(chunk)), "chunks": 3, "entries": .array(entries),
      ])
      #expect(box.sink.last?.state == .succeeded)
    }
    #expect(try box.hash() == other.hash())
    #expect(try box.gallery.summary().version >= 9)
    #expect(
      try box.command(["type": "gallery.remove", "names": ["P1", "P2", "X"]])?.facts["removed"] == 2
    )
    #expect(try box.gallery.people().count == 7)
  }

  @Test("put nobody where no photo shows a face, and say why") func noFace() throws {
    let result = try box.command([
      "type": "gallery.put", "people": [["name": "Ada", "photos": [.string(Base64.encoded([0]))]]],
    ])
    #expect(result?.state == .failed)
    #expect(result?.detail?.contains("no face") == true)
  }

  @Test("train on a thread of their own while others are obeyed") func train() throws {
    for person in 0..<4 {
      try box.command([
        "type": "gallery.put",
        "people": [
          [
            "name": .string("P\(person)"), "model": "m",
            "encodings": .array((0..<5).map { encoding(person * 31 + $0) }),
          ]
        ],
      ])
    }
    try box.command(["type": "gallery.train", "folds": 0], id: "train")
    try box.command(["type": "ping"], id: "next")
    #expect(box.sink.states("next") == [.accepted, .succeeded])
    #expect(wait("train", .succeeded))
    #expect(try box.gallery.training() != nil)
  }

  @Test("have answers with numbers of their own, though another ends while one is looked at")
  func numbersMeanwhile() throws {
    try box.command(
      ["type": "camera.set", "camera": "front", "set": ["quality": 70], "probation": 1], id: "long")
    let sink = box.sink
    box.target.state.withLock {
      $0.duringCheck = {
        for _ in 0..<6000 where !sink.states("long").contains(.succeeded) {
          Thread.sleep(forTimeInterval: 0.01)
        }
      }
    }
    try box.command(["type": "camera.set", "camera": "yard", "set": ["quality": 60]], id: "short")
    #expect(box.sink.states("long") == [.accepted, .succeeded])
    #expect(box.sink.states("short") == [.accepted, .succeeded])
    let numbers = box.sink.results.withLock { $0.map(\.number) }
    #expect(numbers.sorted() == Array(1...4))
  }

  @Test("have their answers kept until they have arrived") func outbox() throws {
    try box.command(["type": "ping"], id: "a")
    try box.desk.tick()
    try box.restart()
    // Sent again, with the same numbers.
    #expect(box.sink.states("a") == [.accepted, .succeeded, .accepted, .succeeded])
    #expect(box.sink.results.withLock { $0.map(\.number) } == [1, 2, 1, 2])
    box.sink.settled.withLock { $0 = true }
    try box.desk.tick()
    try box.restart()
    #expect(box.sink.states("a").count == 4)
  }

  @Test("that a box with an empty memory finds are obeyed unless they have expired")
  func firstBoot()
    throws
  {
    let old = try box.signed(box.envelope(["type": "ping"], id: "old", issued: -500, lasts: 100))
    let live = try box.signed(box.envelope(["type": "ping"], id: "live", issued: -400, lasts: 900))
    try box.give(old)
    try box.give(live)
    #expect(box.sink.states("old") == [.expired])
    #expect(box.sink.states("live") == [.accepted, .succeeded])
  }

  @Test("that are gone from the log are told of") func truncated() throws {
    try box.command(["type": "ping"])
    box.desk.truncated(partition: 0)
    #expect(box.target.state.withLock { $0.announced } == ["vedette.control.truncated.v1"])
    #expect(box.desk.offsets[0] == nil)
  }

  @Test("of no mutated message are obeyed that was not signed so") func mutations() throws {
    let message = try box.signed(box.envelope(["type": "snapshot", "camera": "yard"]))
    var random = SystemRandomNumberGenerator()
    for _ in 0..<3000 {
      var mutated = message
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        mutated[Int.random(in: 0..<mutated.count, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      if let same = try? JSONReader.read(mutated), same == (try JSONReader.read(message)) {
        continue
      }
      try box.give(mutated)
    }
    #expect(box.target.state.withLock { $0.done.isEmpty })
  }
}
