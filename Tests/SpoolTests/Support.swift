import Foundation
import TestDice
import TestFolders

@testable import Spool

/// A folder of its own for a test, deleted at the end.
final class Scratch {
  let path: String

  init() {
    path = TestFolders.base + "/spool-\(UUID().uuidString)"
    try? FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func files(_ ending: String) -> [String] {
    (FileManager.default.subpaths(atPath: path) ?? []).filter { $0.hasSuffix(ending) }.sorted()
      .map { path + "/" + $0 }
  }

  func bytes(_ path: String) -> [UInt8] {
    [UInt8](FileManager.default.contents(atPath: path) ?? Data())
  }

  func write(_ bytes: [UInt8], _ path: String) {
    _ = FileManager.default.createFile(atPath: path, contents: Data(bytes))
  }
}

func entry(_ number: UInt64, source: String = "front", count: Int = 300) -> SpoolEntry {
  var dice = Dice(seed: number)
  var body = [UInt8](repeating: 0, count: count)
  for index in stride(from: 0, to: count, by: 2) {
    body[index] = UInt8.random(in: 0...255, using: &dice)
  }
  return SpoolEntry(
    source: source, sequence: number, time: Int64(number), meta: Array("meta \(number)".utf8),
    body: body)
}

func smallSegments(_ bytes: UInt64 = 4096) -> SpoolOptions {
  var options = SpoolOptions()
  options.segmentBytes = bytes
  return options
}

extension Store {
  /// Hands out all that is left of a class.
  func drain(_ spoolClass: SpoolClass, isDone: Bool = true) throws -> [SpoolEntry] {
    var entries: [SpoolEntry] = []
    while let stored = try next(spoolClass) {
      entries.append(stored.entry)
      if isDone { try done(stored.position, in: spoolClass) }
    }
    return entries
  }

  func put(_ numbers: some Sequence<UInt64>, _ spoolClass: SpoolClass = .frames) throws {
    for number in numbers { try append(entry(number), to: spoolClass) }
    try commit(spoolClass)
  }
}
