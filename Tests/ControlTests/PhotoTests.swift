import Documents
import Foundation
import Gallery
import Synchronization
import Testing

@testable import Control

/// Photographs that came with a command, and kill who looks at them.
@Suite("Photographs of a command", .timeLimit(.minutes(2)))
struct PhotoTests {
  private let box: Box

  init() throws { box = try Box() }

  private func put(_ photos: [[UInt8]]) -> JSON {
    [
      "type": "gallery.put",
      "people": [["name": "Ada", "photos": .array(photos.map { .string(Base64.encoded($0)) })]],
    ]
  }

  /// What the file says of how often commands were begun.
  private func attempts() throws -> [Int?] {
    try box.gallery.transaction { edit throws(GalleryError) in
      try edit.states(prefix: "control/attempt/").map { ControlMemory.number($0.value) }
    }
  }

  private var read: Int { box.target.state.withLock { $0.photosRead } }

  @Test("are counted before they are looked at, and the count goes with the answer")
  func counted() throws {
    let seen = Mutex<[Int?]>([])
    let gallery = box.gallery
    box.target.state.withLock {
      $0.duringPhoto = {
        let found = try? gallery.transaction { edit throws(GalleryError) in
          try edit.states(prefix: "control/attempt/").map { ControlMemory.number($0.value) }
        }
        seen.withLock { $0 += found ?? [] }
      }
    }
    #expect(try box.command(put([[1, 2], [1]]))?.state == .succeeded)
    #expect(seen.withLock { $0 } == [1, 1])
    #expect(try attempts().isEmpty)
  }

  @Test("that killed the node twice are answered, and not looked at again; others are")
  func deadly() throws {
    let deadly = put([[1, 2]])
    let message = try box.signed(box.envelope(deadly, id: "deadly"))
    for death in 0...2 {
      // What a process leaves that is killed while it looks: its count, and nothing else.
      if death > 0 {
        try box.gallery.transaction { edit throws(GalleryError) in
          let key = "control/attempt/\(Digest(of: Array("ops\ndeadly".utf8)))"
          try edit.setState(key, ControlMemory.bytes(death))
        }
      }
      guard death == 2 else { continue }
      try box.restart()
      try box.give(message)
    }
    #expect(box.sink.states("deadly") == [.accepted, .failed])
    #expect(box.sink.last?.detail?.contains("died 2 times") == true)
    #expect(read == 0)
    #expect(try attempts().isEmpty)
    #expect(try box.command(put([[1, 2]]), id: "other")?.state == .succeeded)
    #expect(read == 1)
  }

  @Test("are tried once more after one death") func once() throws {
    try box.gallery.transaction { edit throws(GalleryError) in
      let key = "control/attempt/\(Digest(of: Array("ops\nonce".utf8)))"
      try edit.setState(key, ControlMemory.bytes(1))
    }
    #expect(try box.command(put([[1, 2]]), id: "once")?.state == .succeeded)
    #expect(try attempts().isEmpty)
  }

  @Test("are as if not begun where the node ends meanwhile, and looked at by the next")
  func interrupted() throws {
    let desk = box.desk
    box.target.state.withLock { $0.duringPhoto = { desk.beginStop() } }
    let message = try box.signed(box.envelope(put([[1, 2], [1]]), id: "later"))
    #expect(throws: GalleryError.self) { try box.give(message) }
    #expect(read == 1 && box.sink.states("later").isEmpty)
    #expect(try attempts().isEmpty)
    box.target.state.withLock { $0.duringPhoto = nil }
    try box.restart()
    try box.give(message)
    #expect(box.sink.states("later") == [.accepted, .succeeded])
  }

  @Test("have so many pixels together") func pixels() throws {
    let large = [UInt8](repeating: 1, count: 60)
    let answer = try box.command(put([large, large + [1], [1]]))
    let outcomes = answer?.facts["photos"]?.items?.compactMap { $0["outcome"]?.text }
    #expect(outcomes == ["added", "unreadable", "added"])
  }

  @Test("of commands that never came to an end are forgotten in the end") func many() throws {
    try box.gallery.transaction { edit throws(GalleryError) in
      for number in 0..<64 {
        try edit.setState("control/attempt/\(number)", ControlMemory.bytes(1))
      }
    }
    #expect(try box.command(put([[1, 2]]))?.state == .succeeded)
    #expect(try attempts().isEmpty)
  }
}
