// A process that works on a spool until it is killed: tools/soak crash starts it again and again and checks
// what it said against what comes back.
//   spoolwork FOLDER BASE STEPS [--drain] [--quota BYTES]
// Lines: I CLASS N (about to append), D CLASS N (all up to N last), H CLASS N (handed out), A CLASS N (about
// to be done with), L CLASS FIRST LAST COUNT REASON (a loss), X CLASS N (handed out with other bytes).
import CPosix
import Glibc
import Spool

/// Acknowledgements between two writings of the cursors.
let acknowledgementsPerKeep = 20

func say(_ line: String) { unsafe vp_say(0, line + "\n") }

func mix(_ value: UInt64) -> UInt64 {
  // SplitMix64's finaliser.
  var z = value &+ 0x9E37_79B9_7F4A_7C15
  z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
  z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
  return z ^ (z >> 31)
}

/// The one entry that belongs to a number.
func entry(_ number: UInt64) -> SpoolEntry {
  let count = Int(mix(number) % 1500)
  var body = [UInt8](repeating: 0, count: count)
  for index in 0..<count {
    body[index] = UInt8(truncatingIfNeeded: mix(number &+ UInt64(index / 3)))
  }
  return SpoolEntry(
    source: number % 2 == 0 ? "front" : "back", sequence: number, time: Int64(number),
    meta: Array("meta \(number)".utf8), body: body)
}

func tellNews(_ store: Store) {
  tell(store.takeNews().losses)
  store.noteTold()
}

func tell(_ losses: [SpoolLoss]) {
  for loss in losses {
    say(
      """
      L \(loss.spoolClass.name) \(loss.firstSequence) \(loss.lastSequence) \(loss.count) \
      \(loss.reason.rawValue)
      """)
  }
}

func handOut(_ store: Store, _ spoolClass: SpoolClass) throws -> Bool {
  guard let stored = try store.next(spoolClass) else { return false }
  let number = stored.entry.sequence
  say("\(stored.entry == entry(number) ? "H" : "X") \(spoolClass.name) \(number)")
  say("A \(spoolClass.name) \(number)")
  try store.done(stored.position, in: spoolClass)
  return true
}

let words = CommandLine.arguments
guard words.count >= 4, let base = UInt64(words[2]), let steps = Int(words[3]) else { exit(64) }
var options = SpoolOptions()
options.segmentBytes = 16 << 10
options.groupBytes = 4 << 10
options.isThinning = true
if let index = words.firstIndex(of: "--quota"), index + 1 < words.count {
  options.quotaBytes = UInt64(words[index + 1]) ?? options.quotaBytes
}
let isDraining = words.contains("--drain")

do {
  let store = try Store(folder: words[1], options: options)
  tellNews(store)
  var number = base
  var done = 0
  let classes: [SpoolClass] = [.frames, .events]
  /// The last that a commit was begun for.
  var last: [SpoolClass: UInt64] = [:]
  for step in 0..<steps where !isDraining {
    let dice = mix(base &+ UInt64(step))
    let spoolClass = classes[Int(dice % 2)]
    for _ in 0..<Int(dice >> 8 % 12) {
      number += 1
      say("I \(spoolClass.name) \(number)")
      try store.append(entry(number), to: spoolClass)
    }
    // Often the disk is still at work while the next entries are appended.
    if dice >> 24 % 2 == 0 {
      let before = last[spoolClass]
      try store.beginCommit(spoolClass)
      if let before { say("D \(spoolClass.name) \(before)") }
    } else {
      try store.commit(spoolClass)
      say("D \(spoolClass.name) \(number)")
    }
    last[spoolClass] = number
    for _ in 0..<Int(dice >> 16 % 9) {
      guard try handOut(store, spoolClass) else { break }
      done += 1
      if done % acknowledgementsPerKeep == 0 { try store.keep() }
    }
    if step % 16 == 0 {
      try store.makeRoom(tell)
      tellNews(store)
    }
  }
  if isDraining {
    for spoolClass in classes { while try handOut(store, spoolClass) {} }
    tellNews(store)
  }
  try store.close()
  say("E")
} catch {
  unsafe vp_say(1, "spoolwork: \(error)\n")
  exit(74)
}
