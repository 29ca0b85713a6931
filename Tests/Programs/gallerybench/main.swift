// Measures the gallery against the memory that it is in. One JSON object a line: what `tools/bench gallery`
// works with.
//   gallerybench match COUNT RUNS | batch COUNT RUNS | replace FOLDER PEOPLE | train PEOPLE EACH
import CPosix
import Gallery
import Glibc
import TestDice

func now() -> Double {
  var time = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Processor time of this thread: what others do on the machine shows less.
func worked() -> Double {
  var time = timespec()
  unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func median(_ numbers: [Double]) -> Double { numbers.sorted()[numbers.count / 2] }

extension Dice {
  mutating func encoding(near centre: [Float]? = nil, spread: Float = 0.15) throws -> Encoding {
    var numbers = centre ?? [Float](repeating: 0, count: Encoding.count)
    for index in stride(from: 0, to: numbers.count, by: 4) {
      let bits = next()
      for lane in 0..<4 {
        let part = Float(Int16(truncatingIfNeeded: bits >> (16 * UInt64(lane)))) / 32768
        numbers[index + lane] += part * spread
      }
    }
    return try Encoding(numbers)
  }
}

/// What is measured, and by what numbers.
final class Bench {
  var dice = Dice(seed: 7)
  let model: ModelName

  /// So many, made one after the other as they are asked for.
  func entries(_ count: Int, people: Int) throws -> some Sequence<GalleryEntry> {
    let names = try (0..<people).map { try PersonName("person \($0)") }
    var number = 0
    return AnyIterator { [self] in
      guard number < count, let encoding = try? dice.encoding() else { return nil }
      number += 1
      return GalleryEntry(name: names[number % people], model: model, encoding: encoding)
    }
  }

  /// Seconds of processor time that `body` takes.
  func seconds(_ body: () -> Void) -> Double {
    let began = worked()
    body()
    return worked() - began
  }

  /// Kept, so that what is measured is not left out.
  var sink: UInt64 = 0

  func match(_ count: Int, _ runs: Int, batch: Int) throws -> String {
    let snapshot = try GallerySnapshot.inMemory(try entries(count, people: max(1, count / 5)))
    let queries = try (0..<batch).map { _ in try dice.encoding() }
    // So often that a clock can tell.
    let times = max(1, 2_000_000 / count / batch)
    func query() {
      for _ in 0..<times {
        for identity in snapshot.match(queries, model: model) where identity.isKnown { sink += 1 }
      }
    }
    func read() { for _ in 0..<times { sink ^= snapshot.readThrough(model) } }
    query()
    read()
    // In turn, so that a busy machine is busy for both.
    var ours: [Double] = []
    var peer: [Double] = []
    for _ in 0..<runs {
      ours.append(seconds(query) / Double(times))
      peer.append(seconds(read) / Double(times))
    }
    let bytes = Double(count * Encoding.count * 4) / 1e9
    return """
      {"count":\(count),"batch":\(batch),"ms":\(median(ours) * 1000 / Double(batch)),\
      "ours":\(bytes / median(ours) * Double(batch)),"peer":\(bytes / median(peer)),\
      "ratio":\(median(zip(ours, peer).map { Double(batch) * $1 / $0 }))}
      """
  }

  func replace(_ folder: String, _ people: Int) throws -> String {
    let gallery = try Gallery("\(folder)/gallery.sqlite")
    let sets = try (0..<2).map { _ in Array(try entries(people, people: people)) }
    try gallery.transaction { edit throws(GalleryError) in
      try edit.replace(with: sets[0], version: 1)
    }
    let took = try (2..<UInt64(7)).map { version in
      let began = now()
      try gallery.transaction { edit throws(GalleryError) in
        try edit.replace(with: sets[Int(version % 2)], version: version)
      }
      return now() - began
    }
    let one = try PersonName("one more")
    let added = try (0..<21).map { _ in
      let entry = GalleryEntry(name: one, model: model, encoding: try dice.encoding())
      let began = now()
      _ = try gallery.transaction { edit throws(GalleryError) in try edit.add(entry) }
      return now() - began
    }
    let opened = try (0..<5).map { _ in
      let began = now()
      _ = try Gallery("\(folder)/gallery.sqlite")
      return now() - began
    }
    return """
      {"people":\(people),"replace_ms":\(median(took) * 1000),"add_ms":\(median(added) * 1000),\
      "open_ms":\(median(opened) * 1000)}
      """
  }

  func train(_ people: Int, _ each: Int) throws -> String {
    var all: [GalleryEntry] = []
    for person in 0..<people {
      let centre = try dice.encoding(spread: 0.12).numbers
      for _ in 0..<each {
        all.append(
          GalleryEntry(
            name: try PersonName("\(person)"), model: model,
            encoding: try dice.encoding(near: centre, spread: 0.05)))
      }
    }
    let snapshot = try GallerySnapshot.inMemory(all)
    let began = now()
    let classifier = try snapshot.train()
    return """
      {"people":\(people),"each":\(each),"ms":\((now() - began) * 1000),\
      "accuracy":\(classifier.training.accuracy ?? 0),"iterations":\(classifier.training.iterations)}
      """
  }

  init() throws(GalleryError) { model = try ModelName("bench") }
}

let words = CommandLine.arguments
guard words.count == 4, let last = Int(words[3]) else { exit(64) }
do {
  let bench = try Bench()
  let line =
    switch words[1] {
    case "match": try bench.match(Int(words[2]) ?? 1000, last, batch: 1)
    case "batch": try bench.match(Int(words[2]) ?? 1000, last, batch: 16)
    case "replace": try bench.replace(words[2], last)
    default: try bench.train(Int(words[2]) ?? 20, last)
    }
  unsafe vp_say(0, line + "\n")
  if bench.sink == 42 { unsafe vp_say(1, " ") }
} catch {
  unsafe vp_say(1, "gallerybench: \(error)\n")
  exit(74)
}
