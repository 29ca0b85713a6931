// A broker for tests and tools: librdkafka's mock cluster in a process of its own. It prints where it
// listens as one JSON line, then obeys commands on standard input, one a line, until `quit` or the end:
//   down N | up N | rtt N MILLISECONDS | fail CODE... | topic NAME PARTITIONS
import CPosix
import Glibc
import Kafka

let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let partitions = numbers.first ?? 4

do {
  let cluster = try MockCluster(brokers: 1, partitions: partitions)
  unsafe vp_say(0, "{\"bootstrap\":\"\(cluster.bootstrapServers)\"}\n")
  while let line = readLine() {
    let words = line.split(separator: " ").map(String.init)
    let values = words.dropFirst().compactMap { Int($0) }
    var answer = "ok"
    switch (words.first, values.count) {
    case ("quit", _): exit(0)
    case ("down", 1): cluster.setBroker(values[0], isUp: false)
    case ("up", 1): cluster.setBroker(values[0], isUp: true)
    case ("rtt", 2): cluster.setRoundTrip(values[0], milliseconds: values[1])
    case ("fail", 1...): cluster.failProduce(values.map { Int32($0) })
    case ("topic", 1) where words.count == 3:
      cluster.createTopic(words[1], partitions: values[0])
    default: answer = "error: not understood: \(line)"
    }
    unsafe vp_say(0, answer + "\n")
  }
} catch {
  unsafe vp_say(1, "mockbroker: \(error)\n")
  exit(1)
}
