import CMatching
import TestDice
import Testing

@testable import Gallery

/// The nearest person and the runner-up, in double precision, the plain way.
private func naive(
  _ query: Encoding, _ entries: [GalleryEntry]
) -> (best: (PersonName, Double)?, other: (PersonName, Double)?) {
  var nearest: [PersonName: Double] = [:]
  for entry in entries {
    nearest[entry.name] = min(nearest[entry.name] ?? .infinity, query.distance(to: entry.encoding))
  }
  let sorted = nearest.sorted { $0.value < $1.value }
  return (
    sorted.first.map { ($0.key, $0.value) }, sorted.dropFirst().first.map { ($0.key, $0.value) }
  )
}

struct MatchTests {
  /// People with some encodings each, near to one another, and queries about them.
  private func scene(
    _ seed: UInt64, people: Int, most: Int
  ) throws -> (entries: [GalleryEntry], queries: [Encoding]) {
    var dice = Dice(seed: seed)
    var entries: [GalleryEntry] = []
    for person in 0..<people {
      let centre = try dice.encoding().numbers
      for _ in 0..<Int.random(in: 1...most, using: &dice) {
        entries.append(
          GalleryEntry(
            name: name("person \(person)"), model: model,
            encoding: try dice.encoding(near: centre, spread: 0.03)))
      }
    }
    entries.shuffle(using: &dice)
    let queries = try (0..<7).map { number in
      number % 3 == 0
        ? try dice.encoding()
        : try dice.encoding(
          near: entries.randomElement(using: &dice)?.encoding.numbers, spread: 0.05)
    }
    return (entries, queries)
  }

  @Test(
    "The best and the next person are those of a plain search in double precision",
    arguments: [1, 2, 3, 5, 33, 450], [1, 6, 20])
  func property(people: Int, most: Int) throws {
    let scratch = Scratch()
    let gallery = try Gallery(scratch.file)
    let (entries, queries) = try scene(UInt64(people * 100 + most), people: people, most: most)
    try gallery.add(entries)
    for count in [0, 1, 2, queries.count] {
      let asked = Array(queries.prefix(count))
      let identities = try gallery.snapshot().match(asked, model: model)
      #expect(identities.count == count)
      for (query, identity) in zip(asked, identities) {
        let plain = naive(query, entries)
        let best = try #require(identity.nearest)
        #expect(abs(best.distance - (plain.best?.1 ?? -1)) < 1e-6)
        #expect(abs((identity.runnerUp?.distance ?? -1) - (plain.other?.1 ?? -1)) < 1e-6)
        #expect(identity.runnerUp?.name != best.name)
        if let margin = identity.margin, margin > 1e-6 { #expect(best.name == plain.best?.0) }
        #expect(identity.name == (best.distance <= 0.6 ? best.name : nil))
      }
    }
  }

  @Test("Removing and adding in any order leaves what a new gallery would answer")
  func changes() throws {
    let scratch = Scratch()
    let gallery = try Gallery(scratch.file)
    let (entries, queries) = try scene(77, people: 240, most: 40)
    var dice = Dice(seed: 5)
    var here: [GalleryEntry] = []
    var rest = entries
    for _ in 0..<40 {
      let count = Int.random(in: 1...300, using: &dice)
      if Bool.random(using: &dice), let victim = here.randomElement(using: &dice)?.name {
        try gallery.transaction { edit throws(GalleryError) in _ = try edit.remove(victim) }
        rest += here.filter { $0.name == victim }
        here.removeAll { $0.name == victim }
      } else {
        try gallery.add(Array(rest.suffix(count)))
        here += rest.suffix(count)
        rest.removeLast(min(count, rest.count))
      }
      let snapshot = try gallery.snapshot()
      #expect(snapshot.encodingCount == here.count)
      #expect(snapshot.encodingCount(of: model) == here.count)
      #expect(snapshot.hash == ContentHash.of(here))
    }
    let reopened = try Gallery(scratch.file)
    let live = try gallery.snapshot().match(queries, model: model)
    #expect(try reopened.snapshot().match(queries, model: model) == live)
    for (query, identity) in zip(queries, live) {
      #expect(abs((identity.distance ?? 0) - (naive(query, here).best?.1 ?? -1)) < 1e-6)
    }
  }

  @Test("Nobody is named in an empty gallery, nor by another model's encodings")
  func nobody() throws {
    let scratch = Scratch()
    let gallery = try Gallery(scratch.file)
    let ada = try entry("Ada", 1)
    #expect(try gallery.snapshot().match([ada.encoding], model: model)[0].nearest == nil)
    try gallery.add([ada])
    let known = try gallery.snapshot().match([ada.encoding], model: model)[0]
    #expect(known.name == ada.name && known.distance == 0 && known.margin == nil)
    let other = try gallery.snapshot().match([ada.encoding], model: ModelName("other"))[0]
    #expect(!other.isKnown && other.nearest == nil)
  }

  @Test("The threshold includes its own distance, and the margin tells twins apart")
  func thresholds() throws {
    let scratch = Scratch()
    let gallery = try Gallery(scratch.file)
    var numbers = [Float](repeating: 0, count: Encoding.count)
    let zero = try Encoding(numbers)
    numbers[3] = 0.5
    let half = try Encoding(numbers)
    numbers[3] = -0.5625
    let farther = try Encoding(numbers)
    try gallery.add([GalleryEntry(name: name("Ada"), model: model, encoding: half)])
    try gallery.add([GalleryEntry(name: name("Bob"), model: model, encoding: farther)])
    let snapshot = try gallery.snapshot()
    var settings = MatchSettings()
    func identity() -> Identity { snapshot.match([zero], model: model, settings: settings)[0] }
    settings.threshold = 0.5
    #expect(identity().name == name("Ada"))
    #expect(identity().margin == 0.0625)
    settings.margin = 0.07
    #expect(identity().name == nil)
    settings.margin = 0
    settings.threshold = 0.4999
    #expect(identity().name == nil)
    for bad in [Double.nan, -0.1, 2.1, .infinity] {
      var settings = MatchSettings()
      settings.threshold = bad
      #expect(failure { try settings.check() }?.code == .badInput)
      settings = MatchSettings()
      settings.margin = bad
      #expect(failure { try settings.check() }?.code == .badInput)
      settings = MatchSettings()
      settings.probability = bad
      #expect(failure { try settings.check() }?.code == .badInput)
    }
  }

  @Test(
    "The kernel of newer processors finds what the baseline's finds",
    arguments: [1, 3, 4, 31, 70, 333])
  func kernels(count: Int) throws {
    var dice = Dice(seed: UInt64(count))
    let rows = try (0..<count).flatMap { _ in try dice.encoding().numbers }
    let people = (0..<count).map { _ in Int32.random(in: 0..<9, using: &dice) }
    for asked in 1...5 {
      let queries = try (0..<asked).flatMap { _ in try dice.encoding().numbers }
      let nobody = vm_candidate(squared: .infinity, person: -1, row: -1)
      var fast = [vm_pair](repeating: vm_pair(best: nobody, other: nobody), count: asked)
      var baseline = fast
      unsafe vm_nearest(rows, people, count, 0, queries, asked, &fast)
      unsafe vm_nearest_baseline(rows, people, count, 0, queries, asked, &baseline)
      for (one, other) in zip(fast, baseline) {
        #expect(one.best.row == other.best.row && one.other.row == other.other.row)
        #expect(abs(one.best.squared - other.best.squared) < 1e-5)
        #expect(one.best.person == (count > 0 ? people[Int(one.best.row)] : -1))
        let own = unsafe vm_nearest_of(
          rows, people, count, one.best.person, Array(queries[0..<Encoding.count]))
        if asked == 1 { #expect(abs(own - one.best.squared) < 1e-5) }
      }
    }
  }
}
