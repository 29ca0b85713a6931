import Foundation
import Gallery

/// Mutated lines of JSON go into a gallery: what is taken can be written and is read as the same, what is refused
/// has a sentence, and the gallery stays sound. One in 200 goes through a file and the gallery's import.
struct GalleryFuzz: Fuzzer {
  private static let words = [
    "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "\\udc00", "\\ud83d\\ude00",
    "\\u0000",
    "\"name\"", "\"model\"", "\"photo\"", "\"encoding\"", "\"Zoë\"", "null", "true", "NaN",
    "Infinity",
    "-0", "1e39", "1e-400", "0.1e+1", "1e99999999999", "00", "1.", ".5", "0x1", "+1", "[[[[",
    "{{{{",
    "\u{FEFF}", "\u{202E}", "\0", "\r\n", "\n", "\t",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  ].map { Array($0.utf8) }

  private let sources: [[UInt8]]
  private let folder: String
  private let gallery: Gallery
  private var runs = 0

  init() throws {
    let numbers = (0..<128).map { "\(Float($0) / 1000 - 0.05)" }.joined(separator: ",")
    sources = [
      #"{"name":"Ada","model":"m","encoding":[\#(numbers)]}"#,
      #"{ "encoding" : [\#(numbers)], "photo":"\#(Digest(of: [1]))","name":"\u005a\"ö\ud83d\ude00", "model":"a-1" }"#,
      #"{"name":"Bob","model":"m","encoding":[\#(numbers)]}"# + "\n\n"
        + #"{"name":"Eve","model":"m","encoding":[\#(numbers.replacing("0.0", with: "-1.5e-2"))]}"#,
    ].map { Array($0.utf8) }
    folder = NSTemporaryDirectory() + "fuzz-gallery-\(ProcessInfo.processInfo.processIdentifier)"
    try? FileManager.default.removeItem(atPath: folder)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    gallery = try Gallery(folder + "/gallery.sqlite")
  }

  func input(_ random: inout SeededGenerator) -> [UInt8] {
    var text = sources.randomElement(using: &random) ?? []
    let other = sources.randomElement(using: &random) ?? []
    if Int.random(in: 0..<8, using: &random) > 0 {
      text.mutate(&random, with: other, words: Self.words)
    }
    return text
  }

  mutating func run(_ input: [UInt8]) throws -> Bool {
    runs += 1
    var isAccepted = false
    for line in input.split(separator: 10) {
      do {
        let entry = try EntryLine.parse(line)
        isAccepted = true
        guard try EntryLine.parse(EntryLine.text(entry).utf8) == entry else {
          throw BrokenPromise(description: "another entry when written and read")
        }
      } catch let error as GalleryError {
        guard error.code == .badInput, !error.description.isEmpty else {
          throw BrokenPromise(description: "refused for another reason: \(error)")
        }
      }
    }
    if runs % 200 == 0 { try importing(input) }
    return isAccepted
  }

  private func importing(_ input: [UInt8]) throws {
    let path = folder + "/lines.jsonl"
    try Data(input).write(to: URL(fileURLWithPath: path))
    let before = try gallery.summary()
    do {
      _ = try gallery.importLines(LineReader(path), model: nil) { _ in true }
    } catch {
      guard error.code == .badInput else {
        throw BrokenPromise(description: "refused for another reason: \(error)")
      }
    }
    let after = try gallery.summary()
    guard try gallery.snapshot().encodingCount == after.encodings,
      after.encodings >= before.encodings, try gallery.snapshot().hash == after.hash
    else { throw BrokenPromise(description: "the snapshot is not what is in the file") }
  }
}
