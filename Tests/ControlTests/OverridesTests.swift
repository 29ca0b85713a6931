import Control
import Documents
import Foundation
import Gallery
import Synchronization
import Testing
import Threads

/// What commands changed is there three times, and one is enough.
@Suite("Overrides") struct OverridesTests {
  let box: Box
  let mask: JSON = ["masks": [["x": 0, "y": 0, "width": 8, "height": 8]]]

  init() throws {
    box = try Box()
    try box.command(["type": "camera.set", "camera": "front", "set": mask])
    try box.command(["type": "camera.stop", "camera": "yard"])
  }

  private var expected: JSON {
    ["cameras": ["front": mask, "yard": ["enabled": false]]]
  }

  private func spoil(_ path: String) throws {
    var data = try Data(contentsOf: URL(fileURLWithPath: path))
    data[data.count / 2] ^= 1
    try data.write(to: URL(fileURLWithPath: path))
  }

  private func loseGallery() throws {
    for file in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: "\(box.folder)/gallery.sqlite\(file)")
    }
  }

  @Test("survive the loss of the gallery") func lostGallery() throws {
    box.desk.stop()
    try loseGallery()
    try box.reopen()
    #expect(box.desk.overlay == expected)
  }

  @Test("survive one damaged copy, which is written anew", arguments: [0, 1])
  func damagedCopy(index: Int) throws {
    box.desk.stop()
    try loseGallery()
    let path = try #require(box.store?.paths[index])
    try spoil(path)
    try box.reopen()
    #expect(box.desk.overlay == expected)
    guard case .copy(let copy, nil) = OverrideStore(folder: box.folder).read() else {
      Issue.record("a copy is still damaged")
      return
    }
    #expect(copy.overrides.overlay == expected)
  }

  @Test("survive the loss of both copies, by the gallery's") func lostCopies() throws {
    for path in try #require(box.store).paths { try spoil(path) }
    try box.restart()
    #expect(box.desk.overlay == expected)
    for path in try #require(box.store).paths { try FileManager.default.removeItem(atPath: path) }
    try box.restart()
    #expect(box.desk.overlay == expected)
    #expect(box.store?.read() != OverrideStore.Found.none)
  }

  @Test("that are lost altogether leave nobody trusted") func allLost() throws {
    box.desk.stop()
    try loseGallery()
    for path in try #require(box.store).paths { try spoil(path) }
    try box.reopen()
    #expect(box.desk.unknownOverrides != nil)
    #expect(box.desk.keyCount == 0)
    // Nor are the damaged copies overwritten by nothing.
    guard case .unreadable = OverrideStore(folder: box.folder).read() else {
      Issue.record("the damaged copies are gone")
      return
    }
  }

  @Test("keep a revoked key revoked though the gallery is lost") func revoked() throws {
    let other = SigningKey()
    let key = TrustedKey(issuer: "other", bytes: other.publicBytes)
    try key.json.canonicalText.write(
      toFile: "\(box.folder)/keys.d/other.pub", atomically: true, encoding: .utf8)
    try box.restart()
    try box.give(
      box.signed(
        box.envelope(["type": "keys.revoke", "key": .string(key.id)], issuer: "root"), by: box.root)
    )
    #expect(box.sink.last?.state == .succeeded)
    box.desk.stop()
    try loseGallery()
    try box.reopen()
    try box.desk.start()
    try box.give(box.signed(box.envelope(["type": "ping"], id: "r", issuer: "other"), by: other))
    #expect(box.sink.last?.reason == "revoked_key")
  }

  @Test("keep old commands out though the gallery is lost") func replay() throws {
    let old = try box.signed(box.envelope(["type": "config.reset"], id: "old", sequence: 9000))
    box.desk.stop()
    try loseGallery()
    try box.reopen()
    try box.desk.start()
    try box.give(old)
    #expect(box.sink.last?.reason == "rollback")
    #expect(box.desk.overlay == expected)
    try box.give(
      box.signed(box.envelope(["type": "config.reset"], id: "new", issued: 0.01, sequence: 9001)))
    #expect(box.sink.states("new") == [.accepted, .succeeded])
    #expect(box.desk.overlay == [:])
  }

  @Test("are on the disk before a command is answered") func written() throws {
    try box.command(["type": "camera.stop", "camera": "front"])
    guard case .copy(let copy, nil) = OverrideStore(folder: box.folder).read() else {
      Issue.record("there are no two copies")
      return
    }
    #expect(copy.overrides.overlay == box.desk.overlay)
  }

  @Test("that cannot be written are not answered for") func full() throws {
    let path = try #require(box.store?.paths[1])
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let message = try box.signed(
      box.envelope(["type": "camera.stop", "camera": "front"], id: "s"))
    #expect(throws: GalleryError.self) { try box.give(message) }
    #expect(box.sink.states("s").isEmpty)
    #expect(box.desk.overlay == expected)
    try FileManager.default.removeItem(atPath: path)
    // As the receiver gives it again.
    try box.give(message)
    #expect(box.sink.states("s") == [.accepted, .succeeded])
    try box.restart()
    #expect(box.desk.overlay["cameras"]?["front"]?["enabled"] == false)
  }

  @Test("of one camera are taken back alone") func resetOne() throws {
    #expect(
      try box.command(["type": "config.reset", "camera": "front"])?.state == .succeeded)
    #expect(box.desk.overlay == ["cameras": ["yard": ["enabled": false]]])
    #expect(try box.command(["type": "config.reset", "camera": "roof"])?.reason == "unavailable")
    try box.command(["type": "config.reset", "camera": "yard"])
    #expect(box.desk.overlay == [:])
  }

  @Test("are shown while a command waits for the gallery's file") func standing() throws {
    let other = try Gallery("\(box.folder)/gallery.sqlite")
    let message = try box.signed(box.envelope(["type": "ping"], id: "p"))
    let desk = box.desk
    let isHandled = Mutex(false)
    var worker: NamedThread?
    try other.transaction { edit throws(GalleryError) in
      try edit.setState("test", [1])
      let started = EventSignal()
      worker = try? NamedThread("handle") {
        started.set()
        _ = try? desk.handle(partition: 9, offset: 0, value: message)
        isHandled.withLock { $0 = true }
      }
      started.wait(milliseconds: 10_000)
      // Until it waits for the file, as far as that can be known.
      Thread.sleep(forTimeInterval: 0.3)
      #expect(desk.standing.keyCount == 2)
      #expect(desk.overlay == expected)
      #expect(!isHandled.withLock { $0 })
    }
    worker?.join()
    #expect(isHandled.withLock { $0 })
  }
}
