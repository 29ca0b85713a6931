// Reads frames back for tests: each record's JPEG becomes FOLDER/CAMERA-SEQUENCE.jpg, and one JSON line a
// record tells its headers. It ends when nothing more comes for two seconds.
//   framereader HOST:PORT TOPIC FOLDER
import CPosix
import Glibc
import Kafka

func quoted(_ text: String) -> String {
  "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
}

guard CommandLine.arguments.count == 4 else {
  unsafe vp_say(1, "usage: framereader HOST:PORT TOPIC FOLDER\n")
  exit(64)
}
let folder = CommandLine.arguments[3]

do {
  let consumer = try Consumer(
    brokers: [CommandLine.arguments[1]], topic: CommandLine.arguments[2])
  var timeout: Int32 = 15_000
  while let record = consumer.poll(timeoutMilliseconds: timeout) {
    timeout = 2000
    let camera = String(decoding: record.key, as: UTF8.self).split(separator: "/").last ?? "none"
    let path = "\(folder)/\(camera)-\(record.header("ce_sequence") ?? "none").jpg"
    if let file = unsafe fopen(path, "we") {
      _ = unsafe fwrite(record.value, 1, record.value.count, file)
      _ = unsafe fclose(file)
    }
    let headers = record.headers.map { "\(quoted($0.name)):\(quoted($0.text))" }
    unsafe vp_say(
      0, "{\"file\":\(quoted(path)),\"headers\":{\(headers.joined(separator: ","))}}\n")
  }
} catch {
  unsafe vp_say(1, "framereader: \(error)\n")
  exit(1)
}
