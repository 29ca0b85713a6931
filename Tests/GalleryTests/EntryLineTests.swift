import Foundation
import TestDice
import Testing

@testable import Gallery

struct EntryLineTests {
  @Test("A line reads as the entry that it was written of", arguments: 0..<30)
  func roundTrip(seed: UInt64) throws {
    var dice = Dice(seed: seed)
    let numbers = (0..<Encoding.count).map { index -> Float in
      switch index % 5 {
      case 0: Float(bitPattern: UInt32.random(in: 0..<0x4000_0000, using: &dice))
      case 1: -Float.random(in: 0...1000, using: &dice)
      case 2: 0
      case 3: Float.leastNonzeroMagnitude * Float(Int.random(in: 0...9, using: &dice))
      default: Float.random(in: -0.5...0.5, using: &dice)
      }
    }
    let names = ["Ada", "a \"b\" \\ c", "李/雷", "👩‍🔬"]
    let entry = GalleryEntry(
      name: try PersonName(names[Int(seed) % 4]), model: model,
      photo: seed % 2 == 0 ? Digest(of: [UInt8(seed)]) : nil, encoding: try Encoding(numbers))
    let line = EntryLine.text(entry)
    #expect(try EntryLine.parse(line.utf8) == entry)
    let foreign = try #require(
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(foreign["name"] as? String == entry.name.text)
    let rewritten = try JSONSerialization.data(withJSONObject: foreign, options: .prettyPrinted)
    let again = try EntryLine.parse(rewritten.filter { $0 != 10 })
    #expect(again.name == entry.name && again.photo == entry.photo)
    #expect(again.encoding.distance(to: entry.encoding) < 1e-5)
  }

  private static let numbers =
    "[" + [String](repeating: "0.5", count: 128).joined(separator: ",") + "]"

  @Test("Escapes are read, and a model that the reader is told is taken where the line has none")
  func escapes() throws {
    let line = #" { "encoding" : \#(Self.numbers) , "name":"\u0041\ud83d\ude00\/\"é" } "#
    let entry = try EntryLine.parse(line.utf8, model: model)
    #expect(entry.name.text == "A😀/\"é" && entry.model == model)
    #expect(failure { _ = try EntryLine.parse(line.utf8) }?.code == .badInput)
  }

  @Test(
    "What is no entry is refused, with a place",
    arguments: [
      "", "{", "{}", "[]", "null", "{\"name\":\"A\"}", "{\"name\":\"A\",}", "{\"nam\":\"A\"}",
      "{\"name\":\"A\",\"name\":\"B\"}", "{\"name\":1}", "{\"name\":\"\\ud800\"}",
      "{\"name\":\"\\x\"}",
      "{\"name\":\"\\ud800\\u0041\"}", "{\"name\":\"A\u{1}\"}", "{\"name\":\"\\u00",
      "{\"photo\":\"12\"}",
      "{\"encoding\":[]}", "{\"encoding\":[1,]}", "{\"encoding\":[01]}", "{\"encoding\":[.5]}",
      "{\"encoding\":[1.]}", "{\"encoding\":[NaN]}", "{\"encoding\":[1e]}",
      "{\"encoding\":[\"1\"]}",
      "{\"encoding\":[+1]}", "{\"encoding\":[0x1]}",
      "{\"name\":\"A\",\"model\":\"m\",\"encoding\":\(numbers)}x",
      "{\"name\":\"A\",\"model\":\"m m\",\"encoding\":\(numbers)}",
      "{\"name\":\"A\",\"model\":\"m\",\"encoding\":\(numbers.replacing("[", with: "[1,"))}",
      "{\"name\":\"A\",\"model\":\"m\",\"encoding\":\(numbers.replacing("[0.5", with: "[1e39"))}",
      "{\"name\":\"\(String(repeating: "A", count: 20_000))\"}",
    ])
  func refused(line: String) {
    let error = failure { _ = try EntryLine.parse(line.utf8) }
    #expect(error?.code == .badInput)
  }

  @Test("Mutated lines are refused, or read as something that can be written", arguments: 0..<4)
  func mutated(seed: UInt64) throws {
    var dice = Dice(seed: seed)
    let sound = Array(EntryLine.text(try entry("Zoë \"x\"", seed, photo: true)).utf8)
    var taken = 0
    for _ in 0..<500 {
      var line = sound
      for _ in 0..<Int.random(in: 1...4, using: &dice) {
        let at = Int.random(in: 0..<line.count, using: &dice)
        switch Int.random(in: 0..<4, using: &dice) {
        case 0: line[at] = .random(in: 0...255, using: &dice)
        case 1: line.remove(at: at)
        case 2: line.insert(contentsOf: sound.dropFirst(at).prefix(9), at: at)
        default: line.removeSubrange(at..<min(at + 5, line.count))
        }
      }
      guard let entry = try? EntryLine.parse(line) else { continue }
      taken += 1
      #expect(try EntryLine.parse(EntryLine.text(entry).utf8) == entry)
    }
    #expect(taken > 0)
  }

  @Test("Lines are imported and exported, and a wrong one is named")
  func importing() throws {
    let scratch = Scratch()
    let gallery = try Gallery(scratch.file)
    let entries = try (0..<4500).map { try entry("p \($0 % 9)", UInt64($0)) }
    let text = entries.map { EntryLine.text($0) }.joined(separator: "\n")
    let good = scratch.write(text + "\r\n\n  \n", "good.jsonl")
    let count = try gallery.importLines(LineReader(good), model: nil) { _ in true }
    #expect(count == .init(added: 4500, alreadyThere: 0))
    let again = try gallery.importLines(LineReader(good), model: nil) { _ in true }
    #expect(again == .init(added: 0, alreadyThere: 4500))
    #expect(try gallery.snapshot().hash == ContentHash.of(entries))
    let exported = try gallery.entries().map { EntryLine.text($0) }
    #expect(exported.sorted() == entries.map { EntryLine.text($0) }.sorted())

    let bad = scratch.write(exported[0] + "\n" + exported[1] + "\nnonsense\n", "bad.jsonl")
    let replaced = failure {
      _ = try gallery.replaceByLines(LineReader(bad), model: nil) { _ in true }
    }
    #expect(replaced?.code == .badInput && replaced?.description.contains("line 3") == true)
    #expect(try gallery.snapshot().encodingCount == 4500)
    let other = try Gallery(scratch.path + "/other")
    #expect(failure { _ = try other.importLines(LineReader(bad), model: nil) { _ in true } } != nil)
    #expect(try other.snapshot().encodingCount == 2)

    let two = scratch.write(exported[0] + "\n" + exported[1], "two.jsonl")
    #expect(try gallery.replaceByLines(LineReader(two), model: nil) { _ in true } == 2)
    #expect(try gallery.snapshot().hash == other.snapshot().hash)

    let endless = scratch.write(String(repeating: "x", count: 3 << 20), "endless.jsonl")
    #expect(
      failure { _ = try gallery.importLines(LineReader(endless), model: nil) { _ in true } } != nil)
    #expect(failure { _ = try LineReader(scratch.path + "/none") }?.code == .notFound)
  }

  @Test("A line may be as long as an entry can be, and of a longer one no more is read")
  func longest() throws {
    let scratch = Scratch()
    let text = EntryLine.text(try entry("Ada", 1))
    let longest = text + String(repeating: " ", count: EntryLine.bytesMax - text.utf8.count)
    #expect(try EntryLine.parse(longest.utf8) == EntryLine.parse(text.utf8))
    let error = failure { _ = try EntryLine.parse((longest + " ").utf8) }
    #expect(error?.description.contains("longer than 16384 bytes") == true)

    let size = 2 << 20
    let lines = try LineReader(
      scratch.write(longest + "\n" + String(repeating: " ", count: size), "long.jsonl"))
    #expect(try lines.next()?.count == EntryLine.bytesMax)
    let endless = failure { _ = try lines.next() }
    #expect(endless?.description.contains("line 2 is longer than 16384 bytes") == true)
    #expect(lines.bytesRead < size)
  }
}
