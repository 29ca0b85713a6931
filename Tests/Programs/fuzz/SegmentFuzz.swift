import Foundation
import Spool

/// A spool whose files were mutated: it opens, hands out only what was once put in, byte for byte, and
/// ends with nothing left over; or it says why it cannot. Of states and footers some have a checksum that fits, so that
/// their numbers are believed: whatever they are, nothing overflows and nothing goes on without end.
struct SegmentFuzz: Fuzzer {
  private static let count = 12
  /// In the first byte of an input, beside the number of the file: what follows is a state's payload or a footer, and
  /// gets a checksum.
  private static let isSealed: UInt8 = 0x80
  private static let slotHeaderCount = 32
  private static let trailerCount = 24

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
    var first = UInt8(index)
    if let part = Bool.random(using: &random) ? Self.checkedPart(files[index]) : nil {
      bytes = Array(bytes[part])
      first |= Self.isSealed
    }
    let other = files.randomElement(using: &random)?.bytes ?? []
    bytes.mutate(
      &random, with: other,
      words: [
        [0, 0, 0, 0], [255, 255, 255, 255], Array("VBLK".utf8), [0, 0, 0, 0, 0, 0, 0, 1],
        [255, 255, 255, 255, 255, 255, 255, 127],
      ])
    return [first] + bytes
  }

  /// The payload of a state's newest slot, or a segment's footer; nil where there is none.
  private static func checkedPart(_ file: (name: String, bytes: [UInt8])) -> Range<Int>? {
    let bytes = file.bytes
    if file.name.hasSuffix("/state") {
      let slot = newestSlot(bytes)
      let count = Int(number(bytes, slot + 16, 4))
      return slot + slotHeaderCount..<min(bytes.count, slot + slotHeaderCount + count)
    }
    guard file.name.hasSuffix(".seg"), bytes.count > trailerCount else { return nil }
    let offset = Int(number(bytes, bytes.count - trailerCount + 8, 8))
    return offset..<bytes.count - trailerCount
  }

  /// Of those that last.
  private static func newestSlot(_ bytes: [UInt8]) -> Int {
    let second = 128 << 10
    return bytes.count > second + slotHeaderCount
      && number(bytes, second + 8, 8) > number(bytes, 8, 8)
      ? second : 0
  }

  private static func number(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
    bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func littleEndian(_ number: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) }
  }

  /// CRC-32C, bit by bit.
  private static func checksum(_ bytes: [UInt8]) -> UInt64 {
    var value: UInt32 = .max
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 { value = value >> 1 ^ (value & 1 == 1 ? 0x82F6_3B78 : 0) }
    }
    return UInt64(~value)
  }

  /// The file with another payload or footer, and a checksum that fits.
  private static func sealed(_ file: (name: String, bytes: [UInt8]), _ part: [UInt8]) -> [UInt8] {
    let bytes = file.bytes
    if file.name.hasSuffix("/state") {
      let slot = newestSlot(bytes)
      let head = Array(bytes[slot..<slot + 8])
      let generation = littleEndian(1000, 8)
      return head + generation + littleEndian(UInt64(part.count), 4)
        + littleEndian(checksum(generation + part), 4) + littleEndian(0, 8) + part
    }
    guard let old = checkedPart(file) else { return bytes }
    let uuid = Array(bytes[24..<40])
    let trailer =
      Array("VEND".utf8) + littleEndian(UInt64(part.count), 4)
      + littleEndian(UInt64(old.lowerBound), 8)
    return Array(bytes[..<old.lowerBound]) + part + trailer + littleEndian(0, 4)
      + littleEndian(checksum(uuid + part + trailer), 4)
  }

  func run(_ input: [UInt8]) throws -> Bool {
    try? FileManager.default.removeItem(atPath: folder)
    for (index, file) in files.enumerated() {
      let url = URL(fileURLWithPath: "\(folder)/\(file.name)")
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      let first = input.first ?? 0
      let isSealed = first & Self.isSealed != 0
      let rest = Array(input.dropFirst())
      let bytes =
        Int(first & ~Self.isSealed) != index
        ? file.bytes : isSealed ? Self.sealed(file, rest) : rest
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
