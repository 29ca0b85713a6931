import CSQLite
import Foundation
import TestDice
import Testing

@testable import Gallery

struct StoreTests {
  @Test("What was added is there after opening again")
  func persists() throws {
    let scratch = Scratch()
    let entries = [try entry("Ada", 1), try entry("Ada", 2, photo: true), try entry("Zoë 李", 3)]
    let hash: Digest
    do {
      let gallery = try Gallery(scratch.file)
      #expect(try gallery.add(entries) == [.added, .added, .added])
      #expect(try gallery.snapshot().version == 1)
      hash = try gallery.snapshot().hash
    }
    let gallery = try Gallery(scratch.file)
    let snapshot = try gallery.snapshot()
    #expect(snapshot.version == 1 && snapshot.hash == hash && hash == ContentHash.of(entries))
    #expect(snapshot.list.map(\.name.text) == ["Ada", "Zoë 李"])
    #expect(snapshot.list.map(\.encodings) == [2, 1])
    #expect(Set(try gallery.entries().map(\.digest)) == Set(entries.map(\.digest)))
    let summary = try gallery.summary()
    #expect(summary.people == 2 && summary.encodings == 3 && summary.photos == 1)
    #expect(summary.models == ["test-model"] && summary.hash == hash)
    #expect(try gallery.people().map(\.photos) == [1, 0])
  }

  @Test("The hash is that of the content, whatever happened on the way", arguments: 0..<20)
  func hash(seed: UInt64) throws {
    var dice = Dice(seed: seed)
    let entries = try (0..<40).map {
      try entry("person \($0 % 7)", UInt64($0), photo: $0 % 3 == 0)
    }
    let scratch = Scratch()
    let gallery = try Gallery(scratch.file)
    for entry in entries.shuffled(using: &dice) {
      try gallery.add([entry])
      if Int.random(in: 0..<4, using: &dice) == 0 {
        let victim = name("person \(Int.random(in: 0..<7, using: &dice))")
        try gallery.transaction { edit throws(GalleryError) in _ = try edit.remove(victim) }
      }
    }
    try gallery.add(entries.shuffled(using: &dice))
    #expect(try gallery.snapshot().hash == ContentHash.of(entries))
    var changed = entries
    changed[3] = GalleryEntry(
      name: name("person 6"), model: model, photo: entries[3].photo, encoding: entries[3].encoding)
    #expect(ContentHash.of(changed) != ContentHash.of(entries))
    #expect(ContentHash.of(entries.dropLast()) != ContentHash.of(entries))
  }

  @Test("A photo is the same on every box, though its numbers differ in the last place")
  func photos() throws {
    let scratch = Scratch()
    let gallery = try Gallery(scratch.file)
    let first = try entry("Ada", 1, photo: true)
    let other = GalleryEntry(
      name: name("Bob"), model: model, photo: first.photo,
      encoding: try Encoding(first.encoding.numbers.map { $0.nextUp }))
    #expect(try gallery.add([first]) == [.added])
    #expect(try gallery.add([other]) == [.alreadyThere(name("Ada"))])
    let photo = try #require(first.photo)
    let owner = try gallery.transaction { edit throws(GalleryError) in
      try edit.owner(ofPhoto: photo, model: model)
    }
    #expect(owner == name("Ada"))
    #expect(
      ContentHash.of([first])
        == ContentHash.of([
          GalleryEntry(
            name: first.name, model: model, photo: photo, encoding: other.encoding)
        ]))
    #expect(try gallery.snapshot().version == 1)
    let removed = try gallery.transaction { edit throws(GalleryError) in
      try edit.remove(photo: photo)
    }
    #expect(removed == 1)
    #expect(try gallery.snapshot().personCount == 0 && gallery.summary().people == 0)
    #expect(try gallery.snapshot().hash == ContentHash.empty && gallery.snapshot().version == 2)
  }

  @Test("A transaction that fails leaves nothing, of the gallery or of the state")
  func transactions() throws {
    let scratch = Scratch()
    let gallery = try Gallery(scratch.file)
    let (ada, bob) = (try entry("Ada", 1), try entry("Bob", 2))
    try gallery.transaction { edit throws(GalleryError) in
      _ = try edit.add(ada)
      try edit.setState("offset/0", [7])
    }
    let error = failure {
      try gallery.transaction { edit throws(GalleryError) in
        _ = try edit.add(bob)
        _ = try edit.remove(ada.name)
        try edit.setState("offset/0", [8])
        throw GalleryError(.cancelled, "no")
      }
    }
    #expect(error?.code == .cancelled)
    #expect(try gallery.snapshot().list.map(\.name) == [ada.name])
    let offset = try gallery.transaction { edit throws(GalleryError) in try edit.state("offset/0") }
    #expect(offset == [7])
    #expect(try Gallery(scratch.file).snapshot().hash == ContentHash.of([ada]))
  }

  @Test("What is attempted and fails is undone, and the rest of the transaction stands")
  func attempts() throws {
    let scratch = Scratch()
    let gallery = try Gallery(scratch.file)
    let (ada, bob, eve) = (try entry("Ada", 1), try entry("Bob", 2), try entry("Eve", 3))
    try gallery.add([ada])
    let wrong = Digest(of: [1])
    let outcome = try gallery.transaction { edit throws(GalleryError) in
      _ = try edit.add(bob)
      let outcome = try edit.attempt { edit throws(GalleryError) in
        try edit.replace(with: [eve], version: 9, hash: wrong)
      }
      try edit.setState("result", [1])
      _ = try edit.add(eve)
      return outcome
    }
    guard case .failure(let error) = outcome else {
      Issue.record("the hash was wrong")
      return
    }
    #expect(error.code == .mismatch)
    let snapshot = try gallery.snapshot()
    #expect(snapshot.hash == ContentHash.of([ada, bob, eve]) && snapshot.version == 2)
    #expect(snapshot.match([bob.encoding], model: model)[0].name == bob.name)
    let after = try Gallery(scratch.file).snapshot()
    #expect(after.hash == snapshot.hash && after.list.map(\.name) == snapshot.list.map(\.name))
    // A model that was first named in what failed is known all the same.
    let other = GalleryEntry(
      name: name("Fay"), model: try ModelName("other"), encoding: ada.encoding)
    try gallery.transaction { edit throws(GalleryError) in
      _ = try edit.attempt { edit throws(GalleryError) in
        _ = try edit.add(other)
        throw GalleryError(.cancelled, "no")
      }
      _ = try edit.add(other)
    }
    #expect(try gallery.snapshot().encodingCount(of: other.model) == 1)
  }

  @Test("A set in pieces replaces everything at once, and an older one nothing")
  func replacement() throws {
    let scratch = Scratch()
    let gallery = try Gallery(scratch.file)
    try gallery.add([try entry("Old", 1)])
    let set = try (0..<500).map { try entry("person \($0 % 50)", UInt64(100 + $0)) }
    let hash = ContentHash.of(set)
    for start in stride(from: 400, through: 0, by: -100) {
      let gallery = try Gallery(scratch.file, isLoaded: false)
      // Each piece comes twice.
      for _ in 0..<2 {
        let piece = set[start..<start + 100]
        let count = try gallery.transaction { edit throws(GalleryError) in
          try edit.stage(piece, upload: "set 7")
        }
        #expect(count == 500 - start)
      }
    }
    #expect(try gallery.snapshot().encodingCount == 1)
    try gallery.transaction { edit throws(GalleryError) in
      try edit.replace(upload: "set 7", version: 7, hash: hash)
    }
    let snapshot = try gallery.snapshot()
    #expect(snapshot.hash == hash && snapshot.version == 7 && snapshot.personCount == 50)
    let left = try gallery.transaction { edit throws(GalleryError) in try edit.uploads() }
    #expect(left.isEmpty)
    for version: UInt64 in [0, 6, 7] {
      let error = failure {
        try gallery.transaction { edit throws(GalleryError) in
          try edit.replace(with: [], version: version)
        }
      }
      #expect(error?.code == .stale)
    }
    // By hand: not counted as the fleet's.
    try gallery.transaction { edit throws(GalleryError) in
      try edit.replace(with: set.prefix(3), version: nil)
    }
    #expect(try gallery.snapshot().version == 8 && gallery.snapshot().encodingCount == 3)
    try gallery.transaction { edit throws(GalleryError) in
      try edit.replace(with: set, version: 8, hash: hash)
    }
    #expect(try gallery.snapshot().version == 9 && gallery.snapshot().hash == hash)
    let missing = failure {
      try gallery.transaction { edit throws(GalleryError) in
        try edit.replace(upload: "none", version: 99, hash: hash)
      }
    }
    #expect(missing?.code == .notFound)
  }

  @Test("So many sets may be arriving, and no more")
  func uploads() throws {
    let scratch = Scratch()
    let gallery = try Gallery(scratch.file)
    let piece = [try entry("Ada", 1)]
    let error = failure {
      for number in 0...GalleryEdit.uploadsMax {
        _ = try gallery.transaction { edit throws(GalleryError) in
          try edit.stage(piece, upload: "set \(number)")
        }
      }
    }
    #expect(error?.code == .full)
    try gallery.transaction { edit throws(GalleryError) in
      try edit.discard(upload: "set 0")
      _ = try edit.stage(piece, upload: "another")
    }
    let long = failure {
      _ = try gallery.transaction { edit throws(GalleryError) in
        try edit.stage(piece, upload: String(repeating: "x", count: 101))
      }
    }
    #expect(long?.code == .badInput)
  }

  @Test(
    "What another process changed is seen at the next refresh, and the state alone is no change")
  func refresh() throws {
    let scratch = Scratch()
    let (here, there) = (try Gallery(scratch.file), try Gallery(scratch.file))
    #expect(try !here.refresh())
    try there.add([try entry("Ada", 1)])
    #expect(try here.snapshot().personCount == 0)
    #expect(try here.refresh())
    #expect(try here.snapshot().personCount == 1 && !here.refresh())
    try there.transaction { edit throws(GalleryError) in try edit.setState("x", [1]) }
    #expect(try !here.refresh())
    // A change on top of another's that was not seen.
    try there.add([try entry("Bob", 2)])
    try here.add([try entry("Eve", 3)])
    #expect(try here.snapshot().list.map(\.name.text) == ["Ada", "Bob", "Eve"])
    #expect(try there.refresh() && there.snapshot().hash == here.snapshot().hash)
    try there.transaction { edit throws(GalleryError) in try edit.setClassifier(nil) }
    #expect(try here.refresh())
  }

  @Test("The state is kept by key, listed by its beginning, and bounded")
  func state() throws {
    let scratch = Scratch()
    let gallery = try Gallery(scratch.file)
    try gallery.transaction { edit throws(GalleryError) in
      for key in ["b/2", "a%", "b/10", "b", "b/1", "ab"] { try edit.setState(key, Array(key.utf8)) }
      try edit.setState("b/1", [])
      try edit.setState("ab", nil)
    }
    try gallery.transaction { edit throws(GalleryError) in
      let all = try edit.states(prefix: "b/")
      #expect(all.map(\.key) == ["b/1", "b/10", "b/2"])
      #expect(all.map(\.value) == [[], Array("b/10".utf8), Array("b/2".utf8)])
      #expect(try edit.states(prefix: "a").map(\.key) == ["a%"])
      #expect(try edit.states(prefix: "a_").isEmpty)
      #expect(try edit.state("ab") == nil)
    }
    #expect(try gallery.snapshot().version == 0)
    for (key, count) in [("", 1), (String(repeating: "k", count: 201), 1), ("k", (1 << 20) + 1)] {
      let value = [UInt8](repeating: 1, count: count)
      let error = failure {
        try gallery.transaction { edit throws(GalleryError) in try edit.setState(key, value) }
      }
      #expect(error?.code == .badInput)
    }
  }

  @Test(
    "Names that cannot be are refused",
    arguments: [
      "", " ", " Ada", "Ada ", "A\u{0}da", "A\nda", "A\u{1B}[2Jda", "A\u{202E}da", "A\u{2028}da",
      String(repeating: "é", count: 101),
    ])
  func badNames(text: String) {
    #expect(failure { _ = try PersonName(text) }?.code == .badInput)
  }

  @Test(
    "Names of any script are taken in form C, and are the same where they are the same text",
    arguments: [
      "Ada", "Zoë", "Zoe\u{308}", "李雷", "محمد", "👩‍🔬", "O'Neil \"x\" \\ %_", "'; DROP TABLE",
    ])
  func goodNames(text: String) throws {
    let scratch = Scratch()
    let gallery = try Gallery(scratch.file)
    try gallery.add([try entry(text, 1), try entry("Zo\u{65}\u{308}", 2), try entry("Zo\u{EB}", 3)])
    #expect(
      Array(try gallery.people().map { Array($0.name.text.utf8) }).contains(
        Array(text.composed.utf8)))
    #expect(try gallery.people().count == (text.hasPrefix("Zo") ? 1 : 2))
    let count = try gallery.transaction { edit throws(GalleryError) in
      try edit.remove(PersonName(text))
    }
    #expect(count == (text.hasPrefix("Zo") ? 3 : 1))
  }

  @Test(
    "Encodings that cannot be are refused",
    arguments: [Float.nan, .infinity, -.infinity, 1001, -1e30])
  func badEncodings(number: Float) {
    var numbers = [Float](repeating: 0.1, count: 128)
    numbers[77] = number
    #expect(failure { _ = try Encoding(numbers) }?.code == .badInput)
    #expect(failure { _ = try Encoding([0.1]) }?.code == .badInput)
  }

  @Test("Whoever is removed is gone from the file, which not everybody may read")
  func privacy() throws {
    let scratch = Scratch()
    let (ada, bob) = (try entry("Ada Removed", 1), try entry("Bob", 2))
    let pattern = unsafe ada.encoding.numbers.withUnsafeBytes { unsafe Data($0) }
    do { try Gallery(scratch.file).add([ada, bob]) }
    let url = URL(fileURLWithPath: scratch.file)
    #expect(try Data(contentsOf: url).range(of: pattern) != nil)
    do {
      let gallery = try Gallery(scratch.file)
      let count = try gallery.transaction { edit throws(GalleryError) in try edit.remove(ada.name) }
      #expect(count == 1)
    }
    let bytes = try Data(contentsOf: url)
    #expect(bytes.range(of: pattern) == nil && bytes.range(of: Data("Ada Removed".utf8)) == nil)
    let mode = try FileManager.default.attributesOfItem(atPath: scratch.file)[.posixPermissions]
    #expect((mode as? Int ?? 0) & 0o007 == 0)
  }

  @Test("A photo is added once, and refused for what is wrong with it")
  func photographs() throws {
    let scratch = Scratch()
    let gallery = try Gallery(scratch.file)
    let encoding = try entry("Ada", 1).encoding
    var asked = 0
    func add(_ file: [UInt8], _ person: String, _ reading: PhotoReading) throws -> PhotoOutcome {
      try gallery.add(photo: file, name: name(person), model: model) { _ in
        asked += 1
        return reading
      }
    }
    #expect(try add([1], "Ada", .face(encoding)) == .added)
    #expect(try add([1], "Ada", .face(encoding)) == .alreadyThere(name("Ada")))
    let other = try add([1], "Bob", .face(encoding))
    #expect(other == .alreadyThere(name("Ada")) && asked == 1)
    #expect(!other.isThere(as: name("Bob")) && other.isThere(as: name("Ada")))
    let readings: [PhotoReading] = [
      .noFace, .severalFaces(2), .tooSmall(width: 20), .poor("the face is blurred"),
      .unreadable("no JPEG"),
    ]
    let outcomes = try readings.map { try add([2], "Eve", $0) }
    #expect(outcomes == readings.map { .refused($0) })
    #expect(
      outcomes.map(\.word) == ["no_face", "several_faces", "too_small", "poor", "unreadable"])
    #expect(outcomes.allSatisfy { $0.detail?.isEmpty == false && !$0.isThere(as: name("Eve")) })
    #expect(try gallery.people().map(\.photos) == [1])
  }
}
