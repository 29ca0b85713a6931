// Measures the spool against the disk that it is on. One JSON object: what `tools/bench spool` works with.
//   spoolbench append FOLDER MEGABYTES | events FOLDER COUNT | replay FOLDER | fill FOLDER SEGMENTS | start FOLDER
import CPosix
import Glibc
import Spool

func now() -> Double {
  var time = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// As hard to compress as a JPEG.
func noise(_ count: Int) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: count)
  unsafe vp_random(&bytes, count)
  return bytes
}

func residentKiB() -> Int {
  let fd = unsafe vp_open("/proc/self/statm", O_RDONLY)
  defer { _ = close(fd) }
  var text = [UInt8](repeating: 0, count: 128)
  let count = unsafe read(fd, &text, text.count)
  let words = String(decoding: text.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
  return words.count > 1 ? (Int(words[1]) ?? 0) * 4 : 0
}

let frame = noise(100_000)

/// Seconds that the same bytes take as one plain file, synced at the end.
func plainWrite(_ path: String, _ megabytes: Int) -> Double {
  let chunk = noise(1 << 20)
  let began = now()
  let fd = unsafe vp_open_mode(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
  for _ in 0..<megabytes { _ = unsafe write(fd, chunk, chunk.count) }
  fdatasync(fd)
  _ = close(fd)
  let seconds = now() - began
  _ = unsafe unlink(path)
  return seconds
}

func append(_ folder: String, _ megabytes: Int) throws -> String {
  let count = megabytes * (1 << 20) / frame.count
  let store = try Store(folder: folder)
  let began = now()
  var bytes = 0
  for number in 0..<count {
    try store.append(
      SpoolEntry(source: "front", sequence: UInt64(number), time: 0, meta: [], body: frame),
      to: .frames)
    bytes += frame.count
    if bytes >= 1 << 20 {
      // As the agent does it.
      if try store.beginCommit(.frames, waits: bytes >= 4 << 20) { bytes = 0 }
    }
  }
  try store.commit(.frames)
  let seconds = now() - began
  try store.close()
  let plain = plainWrite(folder + "/plain", megabytes)
  return "{\"ours\":\(Double(megabytes) / seconds),\"peer\":\(Double(megabytes) / plain)}"
}

func events(_ folder: String, _ count: Int) throws -> String {
  let bodies = (0..<64).map { number in
    Array(
      """
      {"type":"vedette.face.v1","node":"box-17","camera":"front","time":"2026-01-31T12:00:00.1\(number)456Z",\
      "track":\(number),"box":[\(number * 7),\(number * 5),80,80],"label":"person \(number % 9)","distance":0.4\(number),\
      "runner_up":"person \(number % 5)","margin":0.1\(number),"model":"dlib-resnet-v1","quality":{"blur":1\(number),"edge":0}}
      """.utf8) + noise(16).map { 97 + $0 % 26 }
  }
  let meta = Array("m".utf8) + noise(250).map { 97 + $0 % 8 }
  let store = try Store(folder: folder)
  let began = now()
  var committed = began
  for number in 0..<count {
    try store.append(
      SpoolEntry(
        source: "front", sequence: UInt64(number), time: 0, meta: meta, body: bodies[number % 64]),
      to: .events)
    if number % 256 == 0, now() - committed > 0.1 {
      try store.commit(.events)
      committed = now()
    }
  }
  try store.commit(.events)
  let seconds = now() - began
  let raw = (meta.count + (bodies.first?.count ?? 0)) * count
  try store.close()
  let megabytes = max(1, raw >> 20)
  let plain = plainWrite(folder + "/plain", megabytes)
  return
    "{\"ours\":\(Double(count) / seconds),\"peer\":\(Double(count) / plain),\"bytes\":\(raw / count)}"
}

func replay(_ folder: String) throws -> String {
  let store = try Store(folder: folder)
  let began = now()
  var bytes = 0
  while let stored = try store.next(.frames) {
    bytes += stored.entry.body.count
    try store.done(stored.position, in: .frames)
  }
  let seconds = now() - began
  return "{\"ours\":\(Double(bytes) / 1_048_576 / seconds),\"bytes\":\(bytes)}"
}

func fill(_ folder: String, _ segments: Int) throws -> String {
  var options = SpoolOptions()
  options.segmentBytes = 4096
  let store = try Store(folder: folder, options: options)
  let body = noise(3000)
  for number in 0..<segments {
    try store.append(
      SpoolEntry(source: "front", sequence: UInt64(number), time: 0, meta: [], body: body),
      to: .frames)
    try store.commit(.frames)
  }
  try store.close()
  return "{}"
}

func start(_ folder: String) throws -> String {
  let before = residentKiB()
  let began = now()
  let store = try Store(folder: folder)
  let seconds = now() - began
  let first = try store.next(.frames) != nil
  let records = store.backlog(.frames).values.reduce(0, +)
  return
    "{\"ms\":\(seconds * 1000),\"kib\":\(residentKiB() - before),\"records\":\(records),\"first\":\(first)}"
}

let words = CommandLine.arguments
guard words.count >= 3 else { exit(64) }
let number = words.count > 3 ? Int(words[3]) ?? 0 : 0
do {
  let line =
    switch words[1] {
    case "append": try append(words[2], number)
    case "events": try events(words[2], number)
    case "replay": try replay(words[2])
    case "fill": try fill(words[2], number)
    default: try start(words[2])
    }
  unsafe vp_say(0, line + "\n")
} catch {
  unsafe vp_say(1, "spoolbench: \(error)\n")
  exit(74)
}
