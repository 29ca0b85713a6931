// A process that changes a gallery until it is killed: a test starts it again and again and looks at what it
// left.
//   gallerywork FILE STEPS
// Lines: B STEP HASH (about to commit), D STEP (committed), E (all done).
import CPosix
import Gallery
import Glibc
import TestDice

func entries(_ step: UInt64, _ count: Int) throws(GalleryError) -> [GalleryEntry] {
  var dice = Dice(seed: step)
  let model = try ModelName("work")
  var all: [GalleryEntry] = []
  for _ in 0..<count {
    let numbers = (0..<Encoding.count).map { _ in Float.random(in: -0.1...0.1, using: &dice) }
    all.append(
      GalleryEntry(
        name: try PersonName("person \(dice.next() % 40)"), model: model,
        encoding: try Encoding(numbers)))
  }
  return all
}

func change(_ edit: inout GalleryEdit, _ step: UInt64) throws(GalleryError) {
  switch step % 6 {
  case 0: try edit.replace(with: try entries(step, 300), version: step)
  case 1:
    for person in 0..<5 { _ = try edit.remove(try PersonName("person \(person)")) }
  case 2: _ = try edit.stage(try entries(step, 200), upload: "set")
  case 3:
    if try edit.stagedCount("set") > 0 { try edit.replace(upload: "set", version: step, hash: nil) }
  default: for entry in try entries(step, 20) { _ = try edit.add(entry) }
  }
}

let words = CommandLine.arguments
guard words.count == 3, let steps = Int(words[2]) else { exit(64) }
do {
  let gallery = try Gallery(words[1])
  for _ in 0..<steps {
    let step = try gallery.transaction { edit throws(GalleryError) in
      let before = try edit.state("step") ?? []
      let step = before.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) } + 1
      try change(&edit, step)
      try edit.setState("step", (0..<8).map { UInt8(truncatingIfNeeded: step >> (8 * $0)) })
      unsafe vp_say(0, "B \(step) \(try edit.hash())\n")
      return step
    }
    unsafe vp_say(0, "D \(step)\n")
  }
  unsafe vp_say(0, "E\n")
} catch {
  unsafe vp_say(1, "gallerywork: \(error)\n")
  exit(74)
}
