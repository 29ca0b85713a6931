import Documents
import Foundation
import Gallery
import Synchronization
import Testing

@testable import Control

/// Commands that take long, and a node that ends meanwhile.
@Suite("Long commands", .timeLimit(.minutes(5)))
struct InterruptionTests {
  private let box: Box

  init() throws { box = try Box() }

  private func wait(_ condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<6000 {
      if try condition() { return true }
      Thread.sleep(forTimeInterval: 0.01)
    }
    return false
  }

  private var begun: Int { box.target.state.withLock { $0.done.count } }

  /// How often the file says that the command was begun.
  private func attempts() throws -> Int? {
    try box.gallery.transaction { edit throws(GalleryError) in
      try edit.states(prefix: "control/pending/").first.flatMap { state in
        (try? JSONReader.read(state.value))?["attempts"]?.integer
      }
    }
  }

  private func setAttempts(_ count: Int) throws {
    try box.gallery.transaction { edit throws(GalleryError) in
      for (key, value) in try edit.states(prefix: "control/pending/") {
        guard case .object(var stored)? = try? JSONReader.read(value) else { continue }
        stored["attempts"] = .number(Double(count))
        try edit.setState(key, JSON.object(stored).canonical)
      }
    }
  }

  @Test("go on at the next start, however often the node is stopped while they run")
  func interrupted() throws {
    box.target.state.withLock { $0.long = { false } }
    try box.command(["type": "colours.silhouette", "camera": "front"], id: "long")
    for start in 1...4 {
      #expect(wait { begun == start })
      #expect(try wait { try attempts() == 1 })
      try box.restart()
    }
    box.target.state.withLock { $0.long = { true } }
    #expect(wait { box.sink.states("long").contains(.succeeded) })
    #expect(!box.sink.states("long").contains(.failed))
  }

  @Test("that killed the process twice are not tried again, and that is reported")
  func deadly() throws {
    box.target.state.withLock { $0.long = { false } }
    try box.command(["type": "colours.silhouette", "camera": "front"], id: "deadly")
    #expect(wait { begun == 1 })
    // Known before the work: so much would be left of it by a process that is killed now.
    #expect(try wait { try attempts() == 1 })
    box.desk.stop()
    try setAttempts(1)
    try box.reopen()
    try box.desk.start()
    #expect(wait { begun == 2 })
    #expect(try wait { try attempts() == 2 })
    box.desk.stop()
    try setAttempts(2)
    try box.reopen()
    try box.desk.start()
    #expect(wait { box.sink.states("deadly").contains(.failed) })
    #expect(begun == 2)
    #expect(box.sink.last?.detail?.contains("died 2 times") == true)
    #expect(try attempts() == nil)
  }

  /// What is pending while a change is adopted is what a process leaves that is killed then.
  @Test(
    "of the configuration lock alike, whether they are obeyed or resumed",
    arguments: [false, true])
  func locks(isReset: Bool) throws {
    let command: JSON =
      isReset
      ? ["type": "config.reset"]
      : ["type": "camera.set", "camera": "front", "set": ["quality": 70]]
    let pending = Mutex<[(key: String, value: [UInt8])]>([])
    let held = Mutex<[Bool]>([])
    func watch() {
      let (desk, gallery) = (box.desk, box.gallery)
      box.target.state.withLock {
        $0.duringAdopt = {
          held.withLock { $0.append(desk.configuring.withLockIfAvailable { _ in true } == nil) }
          let found = try? gallery.transaction { edit throws(GalleryError) in
            try edit.states(prefix: "control/pending/")
          }
          pending.withLock { $0 = found ?? [] }
        }
      }
    }
    watch()
    try box.command(command, id: "c")
    let left = pending.withLock { $0 }
    #expect(left.count == 1)
    box.desk.stop()
    try box.gallery.transaction { edit throws(GalleryError) in
      for (key, value) in left { try edit.setState(key, value) }
    }
    try box.reopen()
    watch()
    try box.desk.start()
    #expect(held.withLock { $0 } == [true, true])
    #expect(box.sink.states("c").last == .succeeded)
  }

  /// Leaves a command as a process does that is killed while it carries it out, and starts the next one.
  private func die(at command: JSON) throws {
    box.desk.stop()
    let message = box.envelope(command, id: "left").canonicalText
    let stored: JSON = ["message": .string(message), "previous": [:]]
    try box.gallery.transaction { edit throws(GalleryError) in
      try edit.setState(ControlDesk.pendingKey(1), stored.canonical)
    }
    try box.reopen()
    try box.desk.start()
  }

  @Test("and others that the node died at are done again", arguments: ["ping", "spool.drain"])
  func repeated(type: String) throws {
    try die(at: ["type": .string(type)])
    #expect(begun == 1 && box.sink.states("left") == [.succeeded])
  }

  @Test("do not go on where that would discard what was spooled since") func unrepeated() throws {
    try die(at: ["type": "spool.discard", "class": "frames"])
    #expect(begun == 0 && box.sink.states("left") == [.failed])
    #expect(box.sink.last?.detail?.contains("ended while it was at it") == true)
  }

  @Test("are refused where lambda makes each colour a cluster", arguments: [0, 0.5, 1000.5])
  func lambda(_ lambda: Double) throws {
    try box.command(
      ["type": "colours.silhouette", "camera": "front", "lambda": .number(lambda)], id: "bad")
    #expect(box.sink.states("bad") == [.rejected])
    #expect(begun == 0)
  }
}
