// A box that obeys a log of commands until it is killed: a soak starts it again and again and looks at what it left.
//   controlwork make FOLDER COUNT     keys, and COUNT signed commands, a line each
//   controlwork run FOLDER            obeys them from where it left off; results go to FOLDER/results
//   controlwork state FOLDER          one JSON object: hash, people, overlay, offset
import Control
import CPosix
import Documents
import Gallery
import Glibc
import Logging
import Synchronization
import Threads

func append(_ path: String, _ bytes: [UInt8]) {
  let descriptor = unsafe vp_open_mode(path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
    guard count > 0 else { exit(74) }
    rest = rest.dropFirst(count)
  }
  _ = close(descriptor)
}

/// What the box does beside its gallery; results go to a file.
final class WorkTarget: CommandTarget, ResultSink {
  let folder: String

  init(_ folder: String) { self.folder = folder }

  func check(overlay: JSON) throws(Rejection) {}
  func check(_ scope: CommandScope, camera: String?) throws(Rejection) {}
  func adopt(overlay: JSON) throws(CommandFailure) -> [String: JSON] { [:] }
  func hasPictures(camera: String, since: UInt64) -> Bool { true }
  var model: ModelName? { nil }
  let photoPixelsMax = 1 << 20
  func read(photo: [UInt8], pixels: inout Int) -> PhotoReading { .noFace }
  func announce(_ type: RecordType, _ facts: [String: JSON]) {}

  func send(_ result: ControlResult) {
    append("\(folder)/results", result.json.canonical + [10])
  }

  /// It is in the file, which outlives the process.
  var isSettled: Bool { true }
}

func numbers(_ seed: Int) -> [Float] {
  (0..<Encoding.count).map { Float(($0 * 31 + seed * 17) % 1009) / 10_000 }
}

func encoding(_ seed: Int) -> JSON { .array(numbers(seed).map { .number(Double($0)) }) }

func name(_ number: Int) -> String { "person \(number % 40)" }

/// One of the two pieces of a set, whose hash is wrong every third time.
func piece(_ number: Int) throws -> JSON {
  let set = number / 10
  let entries = try [set * 10 + 8, set * 10 + 9].map { place in
    GalleryEntry(
      name: try PersonName(name(place)), model: try ModelName("work"),
      encoding: try Encoding(numbers(place)))
  }
  let hash = ContentHash.of(set % 3 == 0 ? Array(entries.dropLast()) : entries)
  return [
    "type": "gallery.replace", "upload": .string("set-\(set)"),
    "version": .number(Double(1_000_000 + set)), "hash": .string(hash.description),
    "chunk": .number(Double(number % 10 - 8)), "chunks": 2,
    "entries": [
      ["name": .string(name(number)), "model": "work", "encoding": encoding(number)]
    ],
  ]
}

/// The command of a place in the log.
func command(_ number: Int) throws -> JSON {
  switch number % 10 {
  case 0...2:
    return [
      "type": "gallery.put",
      "people": [
        ["name": .string(name(number)), "model": "work", "encodings": [encoding(number)]]
      ],
    ]
  case 3: return ["type": "gallery.remove", "names": [.string("person \((number * 7) % 40)")]]
  case 4: return ["type": "ping"]
  case 5, 6:
    return [
      "type": "camera.set", "camera": "front",
      "set": ["quality": .number(Double(1 + number % 100))],
    ]
  case 7: return ["type": "gallery.replace", "no": "such member"]
  default: return try piece(number)
  }
}

func make(_ folder: String, _ count: Int) throws {
  _ = unsafe mkdir(folder, 0o755)
  _ = unsafe mkdir("\(folder)/keys.d", 0o755)
  let key = SigningKey()
  append(
    "\(folder)/keys.d/ops.pub",
    TrustedKey(issuer: "ops", bytes: key.publicBytes).json.canonical)
  let now = Timestamp.now
  var lines: [UInt8] = []
  for number in 1...count {
    let envelope = Envelope.json(
      id: "c\(number)", issuer: "ops", sequence: number, issuedAt: now,
      expiresAt: now.adding(seconds: 86_400), target: Target(.all), command: try command(number))
    lines += try key.signed(envelope).canonical + [10]
  }
  append("\(folder)/messages", lines)
}

func openDesk(_ folder: String) throws -> (ControlDesk, Gallery) {
  let gallery = try Gallery("\(folder)/gallery.sqlite")
  let target = WorkTarget(folder)
  let desk = try ControlDesk(
    gallery: gallery, target: target,
    commands: BoundCommands(
      CommandTable.own(analysers: ["faces"]) + [
        Command(.ping, .node) { _ in .work { _, _ in [:] } }
      ]
    ), sink: target,
    options: ControlOptions(
      identity: ControlIdentity(node: "box"), topic: "control",
      keysFolder: "\(folder)/keys.d"),
    logger: Logger(label: "work") { _ in SwiftLogNoOpLogHandler() })
  return (desk, gallery)
}

func run(_ folder: String) throws {
  let (desk, _) = try openDesk(folder)
  try desk.start()
  let descriptor = unsafe vp_open("\(folder)/messages", O_RDONLY)
  var bytes: [UInt8] = []
  var block = [UInt8](repeating: 0, count: 1 << 20)
  while true {
    let count = unsafe read(descriptor, &block, block.count)
    guard count > 0 else { break }
    bytes += block[..<count]
  }
  let first = Int(desk.offsets[0] ?? 0)
  for (offset, line) in bytes.split(separator: 10).enumerated().dropFirst(first) {
    try desk.handle(partition: 0, offset: Int64(offset), value: Array(line))
    if offset % 16 == 0 { try desk.tick() }
  }
  try desk.tick()
  desk.stop()
}

func state(_ folder: String) throws {
  let (desk, gallery) = try openDesk(folder)
  let summary = try gallery.summary()
  let value: JSON = [
    "hash": .string(summary.hash.description), "people": .number(Double(summary.people)),
    "overlay": desk.overlay, "offset": .number(Double(desk.offsets[0] ?? 0)),
  ]
  unsafe vp_say(0, value.canonicalText + "\n")
}

let words = CommandLine.arguments
do {
  switch (words.count > 1 ? words[1] : "", words.count) {
  case ("make", 4): try make(words[2], max(1, Int(words[3]) ?? 1))
  case ("run", 3): try run(words[2])
  case ("state", 3): try state(words[2])
  default:
    unsafe vp_say(1, "usage: controlwork make FOLDER COUNT | run FOLDER | state FOLDER\n")
    exit(64)
  }
} catch {
  unsafe vp_say(1, "controlwork: \(error)\n")
  exit(74)
}
