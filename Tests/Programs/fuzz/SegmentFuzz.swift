import Foundation
import Spool

/// A spool whose files were mutated: it opens, hands out only what was once put in, byte for byte, and
/// ends with nothing left over; or it says why it cannot.
struct SegmentFuzz: Fuzzer {
  private static let count = 12

  private let folder: String
  /// A spool as it was left: each file's name within its class and its bytes.
  private let files: [(name: String, bytes: [UInt8])]
  private let known: [SpoolEntry]

  init() throws {
    let folder = NSTemporaryDirectory() + "fuzz-spool-\(ProcessInfo.processInfo.processIdentifier)"
    try? FileManager.default.removeItem(atPath: folder)
    self.folder = folder
    known = (0..<Self.count).map { number in
      SpoolEntry(
        source: number % 2 == 0 ? "front@1" : "back@1", sequence: UInt64(number), time: 0,
        meta: Array("meta \(number)".utf8),
        body: [UInt8](repeating: UInt8(number), count: 40 + 30 * number))
    }
    var options = SpoolOptions()
    options.segmentBytes = 1200
    let store = try Store(folder: folder, options: options)
    for spoolClass in [SpoolClass.frames, .events] {
      for (index, entry) in known.enumerated() {
        try store.append(entry, to: spoolClass)
        if index % 3 == 2 { try store.commit(spoolClass) }
      }
      try store.commit(spoolClass)
    }
    if let stored = try store.next(.frames) { try store.done(stored.position, in: .frames) }
    try store.keep()
    // As a crash would leave it: the store is not closed.
    files = try ["frames", "events"].flatMap { name in
      try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(name)").sorted().map {
        (
          "\(name)/\($0)",
          [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)/\($0)")))
        )
      }
    }
  }

  /// The number of the file, then its mutated bytes.
  func input(_ random: inout SeededGenerator) -> [UInt8] {
    let index = Int.random(in: 0..<files.count, using: &random)
    var bytes = files[index].bytes
    let other = files.randomElement(using: &random)?.bytes ?? []
    bytes.mutate(
      &random, with: other, words: [[0, 0, 0, 0], [255, 255, 255, 255], Array("VBLK".utf8)])
    return [UInt8(index)] + bytes
  }

  func run(_ input: [UInt8]) throws -> Bool {
    try? FileManager.default.removeItem(atPath: folder)
    for (index, file) in files.enumerated() {
      let url = URL(fileURLWithPath: "\(folder)/\(file.name)")
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      let bytes = Int(input.first ?? 0) == index ? Array(input.dropFirst()) : file.bytes
      try Data(bytes).write(to: url)
    }
    var count = 0
    do {
      _ = try SpoolInspector(folder).inspect(isThorough: true)
      let store = try Store(folder: folder)
      for spoolClass in SpoolClass.allCases {
        while let stored = try store.next(spoolClass) {
          guard known.contains(stored.entry) else {
            throw BrokenPromise(
              description: "an entry was handed out that nobody put in: \(stored.entry)")
          }
          count += 1
          guard count <= 3 * Self.count else {
            throw BrokenPromise(description: "entries without end")
          }
          try store.done(stored.position, in: spoolClass)
        }
        guard store.backlog(spoolClass).isEmpty else {
          throw BrokenPromise(
            description: "nothing comes, but \(store.backlog(spoolClass)) is said to be left")
        }
      }
    } catch let error as SpoolError {
      guard !error.description.isEmpty else {
        throw BrokenPromise(description: "an error without a sentence")
      }
      return false
    }
    return count >= 2 * Self.count - 1
  }
}
