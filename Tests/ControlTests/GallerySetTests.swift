import Control
import Documents
import Gallery
import Glibc
import Synchronization
import TestDice
import Testing
import Threads

@Suite("A whole gallery over the topic", .timeLimit(.minutes(5))) struct GallerySetTests {
  private static let people = 10_000

  /// Everybody with one encoding.
  private func set(_ prefix: String, _ count: Int = people) throws -> [GalleryEntry] {
    var dice = Dice(seed: 5)
    let model = try ModelName("m")
    return try (0..<count).map { number in
      let numbers = (0..<Encoding.count).map { _ in Float(dice.next() >> 44) / Float(1 << 22) }
      return GalleryEntry(
        name: try PersonName("\(prefix) \(number)"), model: model, encoding: try Encoding(numbers))
    }
  }

  /// The same faces under other names.
  private func renamed(_ entries: [GalleryEntry]) throws -> [GalleryEntry] {
    try entries.enumerated().map { number, entry in
      GalleryEntry(
        name: try PersonName("new \(number)"), model: entry.model, encoding: entry.encoding)
    }
  }

  private func send(_ commands: [JSON], to box: Box, restartAt place: Int? = nil) throws {
    for (number, command) in commands.enumerated() {
      if number == place { try box.restart() }
      let result = try box.command(command)
      #expect(result?.state == .succeeded, "\(result?.detail ?? "")")
    }
  }

  @Test("becomes another in one moment while faces are compared with it") func atomic() throws {
    let box = try Box()
    let old = try set("old")
    let new = try renamed(old)
    try box.gallery.transaction { edit throws(GalleryError) in
      try edit.replace(with: old, version: 1)
    }
    #expect(try box.gallery.snapshot().personCount == Self.people)

    // The box's own, which a restart would open anew.
    let gallery = box.gallery
    let face = old[17].encoding
    let wholes = [ContentHash.of(old), ContentHash.of(new)]
    let names = Mutex<[String]>([])
    let faults = Atomic(0)
    let isOver = Atomic(false)
    let matcher = try NamedThread("matcher") {
      while !isOver.load(ordering: .relaxed) {
        guard let snapshot = gallery.loadedSnapshot, let model = try? ModelName("m"),
          let name = snapshot.match([face], model: model).first?.nearest?.name.text,
          let whole = wholes.firstIndex(of: snapshot.hash), snapshot.personCount == Self.people,
          name == ["old 17", "new 17"][whole]
        else {
          faults.add(1, ordering: .relaxed)
          continue
        }
        names.withLock { if $0.last != name { $0.append(name) } }
      }
    }
    let commands = try GallerySet.commands(new, version: 2)
    try send(commands.dropLast(), to: box)
    #expect(gallery.loadedSnapshot?.hash == wholes[0])
    try send(commands.suffix(1), to: box)
    // Whoever asks after the answer has the new one.
    #expect(gallery.loadedSnapshot?.hash == wholes[1])
    while names.withLock({ $0.last != "new 17" }), faults.load(ordering: .relaxed) == 0 {
      usleep(1000)
    }
    isOver.store(true, ordering: .relaxed)
    matcher.join()
    #expect(names.withLock { $0 } == ["old 17", "new 17"])
    #expect(faults.load(ordering: .relaxed) == 0)
  }

  @Test("arrives in pieces, over a restart too, and is refused where it is an older one")
  func pieces() throws {
    let box = try Box()
    let entries = try set("one", 2 * GallerySet.entriesMax + 1)
    let commands = try GallerySet.commands(entries, version: 7)
    #expect(commands.count == 3)
    try send(commands, to: box, restartAt: 2)
    #expect(try box.hash() == ContentHash.of(entries).description)
    let older = try GallerySet.commands(Array(entries.prefix(3)), version: 6)
    #expect(try box.command(older[0])?.state == .failed)
    #expect(try box.hash() == ContentHash.of(entries).description)
  }

  @Test("whose hash was wrong can be sent again under the same name") func again() throws {
    let box = try Box()
    let count = GallerySet.entriesMax + 1
    let right = try GallerySet.commands(try set("one", count), version: 7)
    let wrong = right.map { $0.merging(["hash": .string(String(repeating: "0", count: 64))]) }
    #expect(try box.command(wrong[0])?.state == .succeeded)
    #expect(try box.command(wrong[1])?.state == .failed)
    #expect(try box.gallery.summary().people == 0)
    try send(right, to: box)
    #expect(try box.gallery.summary().people == count)
  }

  @Test("of nobody, or with one face of two people, is not made") func refused() throws {
    #expect(throws: GalleryError.self) { try GallerySet.commands([], version: 1) }
    let entry = try set("one", 1)[0]
    let other = GalleryEntry(
      name: try PersonName("other"), model: entry.model, encoding: entry.encoding)
    #expect(throws: GalleryError.self) { try GallerySet.commands([entry, other], version: 1) }
  }
}
