import Foundation
import TestDice
import Testing

@testable import Gallery

struct CrashTests {
  /// The program beside the test bundle.
  private static var work: URL {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    while folder.path != "/" {
      let program = folder.appendingPathComponent("gallerywork")
      if FileManager.default.isExecutableFile(atPath: program.path) { return program }
      folder.deleteLastPathComponent()
    }
    return URL(fileURLWithPath: ".build/debug/gallerywork")
  }

  @Test(
    "Killed at any moment, the file has the last state or the one before, whole",
    .timeLimit(.minutes(3)))
  func killed() throws {
    let scratch = Scratch()
    var dice = Dice(seed: UInt64(Date().timeIntervalSince1970 * 1000))
    var hashes: [UInt64: String] = [0: ContentHash.empty.description]
    var least: UInt64 = 0
    for _ in 0..<25 {
      let process = Process()
      process.executableURL = Self.work
      process.arguments = [scratch.file, "1000000"]
      let output = Pipe()
      process.standardOutput = output
      try process.run()
      Thread.sleep(forTimeInterval: Double.random(in: 0.02...0.4, using: &dice))
      kill(process.processIdentifier, SIGKILL)
      let text = String(
        decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      for line in text.split(separator: "\n") {
        let words = line.split(separator: " ")
        guard words.count >= 2, let step = UInt64(words[1]) else { continue }
        if words[0] == "B", words.count == 3, words[2].count == 64 {
          hashes[step] = String(words[2])
        } else if words[0] == "D" {
          least = max(least, step)
        }
      }
      let gallery = try Gallery(scratch.file)
      let state = try gallery.transaction { edit throws(GalleryError) in try edit.state("step") }
      let step = (state ?? []).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      #expect(step == least || step == least + 1)
      let snapshot = try gallery.snapshot()
      #expect(snapshot.hash.description == hashes[step])
      #expect(snapshot.hash == ContentHash.of(try gallery.entries()))
      #expect(snapshot.encodingCount == (try gallery.summary().encodings))
      least = step
    }
    #expect(least > 20)
  }
}
