// A broker for tests and tools: librdkafka's mock cluster in a process of its own.
//
//   mockbroker [--brokers N] [--partitions N]     (a single number is the partitions)
//
// It prints where it listens as one JSON line, {"bootstrap":"127.0.0.1:PORT"}, then obeys commands on
// standard input, one a line, answering each with `ok` or `error: …`, until `quit` or the end of input:
//
//   down BROKER | up BROKER           close connections and refuse new ones, or take them again
//   rtt BROKER MILLISECONDS           delay each answer
//   errors produce NAME_OR_CODE...    let the next produce requests fail, one each
//   fail NAME_OR_CODE...              the same
//   topic NAME PARTITIONS
//   deny TOPIC NAME_OR_CODE           answer for the topic with an error: UNKNOWN_TOPIC_OR_PART as if it
//                                     were missing, TOPIC_AUTHORIZATION_FAILED as if it were denied
//   allow TOPIC                       answer for it as it is
//   leader TOPIC PARTITION BROKER     give the partition to a broker; `none` takes it offline
import CPosix
import Glibc
import Kafka

/// A bound on what a slip of the keyboard can ask for.
let countMax = 1000

func count(_ word: String) -> Int? {
  Int(word).flatMap { (1...countMax).contains($0) ? $0 : nil }
}

func codes(_ words: some Collection<String>) -> [Int32]? {
  let codes = words.compactMap { Int32($0) ?? KafkaError.code(named: $0) }
  return codes.isEmpty || codes.count != words.count ? nil : codes
}

/// - Returns: the answer.
func obey(_ words: [String], _ cluster: MockCluster, brokers: Int) -> String {
  let broker =
    words.count > 1 ? Int(words[1]).flatMap { (1...brokers).contains($0) ? $0 : nil } : nil
  switch (words.first, words.count) {
  case ("down", 2), ("up", 2):
    guard let broker else { return "error: there are brokers 1 to \(brokers)" }
    cluster.setBroker(broker, isUp: words[0] == "up")
  case ("rtt", 3):
    guard let broker else { return "error: there are brokers 1 to \(brokers)" }
    guard let milliseconds = Int(words[2]), (0...600_000).contains(milliseconds) else {
      return "error: \(words[2]) is no number of milliseconds from 0 to 600000"
    }
    cluster.setRoundTrip(broker, milliseconds: milliseconds)
  case ("errors", 3...) where words[1] == "produce", ("fail", 2...):
    guard let codes = codes(words.dropFirst(words[0] == "fail" ? 1 : 2)) else {
      return "error: name errors as librdkafka does, e.g. MSG_SIZE_TOO_LARGE, or by code"
    }
    cluster.failProduce(codes)
  case ("topic", 3):
    guard let partitions = count(words[2]) else {
      return "error: \(words[2]) is no number of partitions from 1 to \(countMax)"
    }
    cluster.createTopic(words[1], partitions: partitions)
  case ("deny", 3):
    guard let code = codes(words.suffix(1))?.first else {
      return "error: name an error as librdkafka does, e.g. TOPIC_AUTHORIZATION_FAILED, or by code"
    }
    cluster.setTopicError(words[1], code)
  case ("allow", 2): cluster.setTopicError(words[1], 0)
  case ("leader", 4):
    let broker = Int(words[3]).flatMap { (1...brokers).contains($0) ? $0 : nil }
    guard let partition = Int(words[2]), (0..<countMax).contains(partition),
      broker != nil || words[3] == "none"
    else { return "error: leader TOPIC PARTITION BROKER, or none for no broker" }
    cluster.setLeader(words[1], partition: partition, broker)
  default:
    return
      "error: not understood; down N, up N, rtt N MS, errors produce NAME..., topic NAME N, deny TOPIC NAME, allow TOPIC, leader TOPIC N BROKER, quit"
  }
  return "ok"
}

var brokers = 1
var partitions = 4
var arguments = CommandLine.arguments.dropFirst()
while let argument = arguments.popFirst() {
  let isOption = argument.hasPrefix("--")
  guard ["--brokers", "--partitions"].contains(argument) || !isOption,
    let number = isOption ? arguments.popFirst().flatMap(count) : count(argument)
  else {
    unsafe vp_say(1, "mockbroker: usage: mockbroker [--brokers N] [--partitions N]\n")
    exit(64)
  }
  if argument == "--brokers" { brokers = number } else { partitions = number }
}

do {
  let cluster = try MockCluster(brokers: brokers, partitions: partitions)
  unsafe vp_say(0, "{\"bootstrap\":\"\(cluster.bootstrapServers)\"}\n")
  while let line = readLine() {
    let words = line.split(separator: " ").map(String.init)
    if words == ["quit"] { break }
    unsafe vp_say(0, obey(words, cluster, brokers: brokers) + "\n")
  }
} catch {
  unsafe vp_say(1, "mockbroker: \(error)\n")
  exit(1)
}
