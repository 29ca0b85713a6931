import Foundation
import Testing

@testable import Spool

@Suite struct EncryptionTests {
  private static let first = String(repeating: "a1", count: 32)
  private static let second = String(repeating: "0F", count: 32)

  private func options(_ scratch: Scratch, _ keys: String...) -> SpoolOptions {
    var options = smallSegments()
    options.keyFile = scratch.path + ".key"
    scratch.write(Array((keys.joined(separator: "\n") + "\n").utf8), scratch.path + ".key")
    return options
  }

  private func secret(_ number: UInt64) -> SpoolEntry {
    SpoolEntry(
      source: "front", sequence: number, time: 0, meta: Array("a name of \(number)".utf8),
      body: Array("{\"label\": \"Nguyen Van \(number)\", \"room\": \"the vault\"}".utf8))
  }

  @Test(arguments: [SpoolClass.frames, .events])
  func `Nothing of a record can be read on disk, and all comes back`(_ spoolClass: SpoolClass)
    throws
  {
    let scratch = Scratch()
    let options = options(scratch, Self.first)
    let store = try Store(folder: scratch.path, options: options)
    // More than a dictionary is trained on.
    for number in 0..<1500 {
      try store.append(secret(UInt64(number)), to: spoolClass)
      if number % 50 == 49 { try store.commit(spoolClass) }
    }
    try store.bury(secret(1500))
    try store.close()
    #expect(scratch.files("dictionary").count == (spoolClass == .events ? 1 : 0))
    for path in FileManager.default.subpaths(atPath: scratch.path) ?? [] {
      let text = String(decoding: scratch.bytes(scratch.path + "/" + path), as: UTF8.self)
      for word in ["Nguyen", "vault", "label", "a name of"] {
        #expect(!text.contains(word), "\(path) tells \(word)")
      }
    }
    let reopened = try Store(folder: scratch.path, options: options)
    #expect(try reopened.drain(spoolClass) == (0..<1500).map { secret($0) })
  }

  @Test func `With any bit turned no wrong record is handed out, and what is lost is counted`()
    throws
  {
    let original = Scratch()
    let options = options(original, Self.first)
    let three = (0..<3).map { secret($0) }
    let store = try Store(folder: original.path, options: options)
    for entry in three { try store.append(entry, to: .frames) }
    try store.close()
    let file = try #require(original.files(".seg").first)
    let bytes = original.bytes(file)
    let state = original.bytes(original.path + "/frames/state")
    for bit in stride(from: 0, to: bytes.count * 8, by: 7) {
      let scratch = Scratch()
      try FileManager.default.createDirectory(
        atPath: scratch.path + "/frames", withIntermediateDirectories: true)
      scratch.write(state, scratch.path + "/frames/state")
      var bytes = bytes
      bytes[bit / 8] ^= 1 << (bit % 8)
      scratch.write(bytes, scratch.path + "/frames/" + (file as NSString).lastPathComponent)
      let damaged = try Store(folder: scratch.path, options: options)
      let got = try damaged.drain(.frames)
      #expect(got.allSatisfy(three.contains))
      #expect(got.count + damaged.takeNews().losses.reduce(0) { $0 + $1.count } == 3, "bit \(bit)")
    }
  }

  @Test func `A sealed block opens at its own place alone, whatever the checksums say`() throws {
    let scratch = Scratch()
    let keys = try SpoolKeys.load(try #require(options(scratch, Self.first).keyFile))
    let codec = BlockCodec(keys)
    let header = SegmentHeader(
      spoolClass: .frames, number: 1, uuid: (0..<16).map { $0 }, createdWall: 0, created: 0,
      keyID: codec.keyID)
    var block = BlockHeader(
      encoding: .raw, storedCount: 5, rawCount: 5, entryCount: 1, firstOrdinal: 4, appended: 9)
    let stored = Array(
      try codec.seal([[1, 2], [3, 4, 5]], &block, header, at: 64).joined())
    #expect(block.storedCount == stored.count)
    #expect(try codec.open(stored, block, header, at: 64) == [1, 2, 3, 4, 5])
    #expect(try codec.open(stored, block, header, at: 72) == nil)
    var other = header
    other.uuid[0] ^= 1
    #expect(try codec.open(stored, block, other, at: 64) == nil)
    var moved = block
    moved.firstOrdinal = 5
    #expect(try codec.open(stored, moved, header, at: 64) == nil)
    // The same bytes never look the same twice.
    #expect(Array(try codec.seal([[1, 2, 3, 4, 5]], &block, header, at: 64).joined()) != stored)
  }

  @Test func `A key can be changed while records wait`() throws {
    let scratch = Scratch()
    let store = try Store(folder: scratch.path, options: options(scratch, Self.first))
    try store.put(1...30)
    try store.put(1...30, .events)
    try store.close()
    let later = try Store(folder: scratch.path, options: options(scratch, Self.second, Self.first))
    try later.put(31...60)
    try later.close()
    let last = try Store(folder: scratch.path, options: options(scratch, Self.second, Self.first))
    #expect(try last.drain(.frames) == (1...60).map { entry($0) })
    #expect(try last.drain(.events) == (1...30).map { entry($0) })
  }

  @Test(arguments: [[second], []])
  func `Without its key nothing is opened and nothing is lost`(_ keys: [String]) throws {
    let scratch = Scratch()
    let store = try Store(folder: scratch.path, options: options(scratch, Self.first))
    try store.put(1...30)
    try store.close()
    var wrong = smallSegments()
    if let key = keys.first { wrong = options(scratch, key) }
    let error = #expect(throws: SpoolError.self) {
      _ = try Store(folder: scratch.path, options: wrong)
    }
    #expect(error?.code == .unreadable)
    #expect(error?.description.contains("put it back") == true)
    let right = try Store(folder: scratch.path, options: options(scratch, Self.first))
    #expect(try right.drain(.frames) == (1...30).map { entry($0) })
    #expect(right.takeNews().losses.isEmpty)
  }

  @Test func `Records that were there before the key are read, and new ones are encrypted`() throws
  {
    let scratch = Scratch()
    let store = try Store(folder: scratch.path, options: smallSegments())
    try store.put(1...10)
    try store.close()
    let keyed = try Store(folder: scratch.path, options: options(scratch, Self.first))
    try keyed.put(11...20)
    #expect(try keyed.drain(.frames) == (1...20).map { entry($0) })
  }

  @Test func `Thinned and repaired copies are encrypted, too`() throws {
    let scratch = Scratch()
    var options = options(scratch, Self.first)
    options.isThinning = true
    options.quotaBytes = 40_000
    let store = try Store(folder: scratch.path, options: options)
    for number in 0..<300 {
      try store.append(secret(UInt64(number)), to: .frames)
      try store.commit(.frames)
      if number % 20 == 0 { try store.makeRoom { _ in } }
    }
    try store.close()
    let seg = try #require(scratch.files(".seg").last)
    var bytes = scratch.bytes(seg)
    bytes[SegmentFormat.headerCount + SegmentFormat.blockHeaderCount + 20] ^= 1
    scratch.write(bytes, seg)
    let inspector = try SpoolInspector(scratch.path, keyFile: options.keyFile)
    #expect(try inspector.repair(isApplied: true).count == 1)
    #expect(try inspector.inspect(isThorough: true).allSatisfy(\.damages.isEmpty))
    for path in scratch.files(".seg") {
      #expect(!String(decoding: scratch.bytes(path), as: UTF8.self).contains("Nguyen"))
    }
    let left = try Store(folder: scratch.path, options: options).drain(.frames)
    #expect(left.count > 20)
    #expect(left.allSatisfy { $0 == secret($0.sequence) })
  }

  @Test(arguments: [
    ("", "holds no key"), ("# only a remark\n\n", "holds no key"), ("a1a1", "line 1"),
    ("\n" + String(repeating: "zz", count: 32), "line 2"),
    (String(repeating: "+1", count: 32), "line 1"),
  ])
  func `A key file that holds something else is told, with the line`(
    _ text: String, _ words: String
  ) throws {
    let scratch = Scratch()
    scratch.write(Array(text.utf8), scratch.path + "/key")
    let error = #expect(throws: SpoolError.self) { _ = try SpoolKeys.load(scratch.path + "/key") }
    #expect(error?.code == .unreadable)
    #expect(error?.description.contains(words) == true)
  }

  @Test func `A key file that is not there is told`() {
    let error = #expect(throws: SpoolError.self) { _ = try SpoolKeys.load("/nonexistent/key") }
    #expect(error?.description.contains("/nonexistent/key cannot be read") == true)
  }

  @Test(.timeLimit(.minutes(5)), arguments: ["FIFO", "folder", "device"])
  func `A key file that is no regular file is told, and not waited for`(kind: String) throws {
    let scratch = Scratch()
    var path = scratch.path + ".fifo"
    defer { unsafe unlink(scratch.path + ".fifo") }
    switch kind {
    case "FIFO": #expect(unsafe mkfifo(path, 0o600) == 0)
    case "folder": path = "/"
    default: path = "/dev/zero"
    }
    let error = #expect(throws: SpoolError.self) { _ = try SpoolKeys.load(path) }
    #expect(error?.code == .unreadable)
    #expect(error?.description.hasSuffix("it is not a regular file") == true)
  }

  @Test(
    .timeLimit(.minutes(5)), arguments: ["lock", "frames/state", "frames/0000000000000001.seg"])
  func `A FIFO in the place of a file of the spool holds up nobody who looks`(name: String) throws {
    let scratch = Scratch()
    do {
      let store = try Store(folder: scratch.path, options: smallSegments())
      try store.put(0..<3)
      try store.close()
    }
    let path = "\(scratch.path)/\(name)"
    unsafe unlink(path)
    #expect(unsafe mkfifo(path, 0o644) == 0)
    _ = try? SpoolInspector(scratch.path).inspect(isThorough: true)
    _ = try? Store(folder: scratch.path, options: smallSegments())
  }
}
