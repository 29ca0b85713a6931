import Agent
import ArgumentParser
import Control
import Documents
import Glibc
import Kafka
import Settings
import Terminal
import Threads

struct ControlWatch: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Shows what nodes answer, as it comes.",
    discussion: "Example: vedette control watch --broker kafka-1:9092")

  @OptionGroup var place: BrokerPlace
  @Flag(help: "What there is already, too.")
  var all = false
  @Option(help: "Ends after so many seconds; by default never.")
  var seconds: Double?
  @Flag(help: "Each answer as it came, one JSON object a line.")
  var json = false

  func run() throws {
    let reader = try place.place().reader(.results, from: all ? .beginning : .end)
    let began = Clock.monotonic
    while Double(Clock.monotonic - began) / 1e9 < seconds ?? .infinity {
      guard let bytes = try reader.next(milliseconds: 200) else { continue }
      if json {
        print(String(decoding: bytes, as: UTF8.self))
      } else if let answer = Answer(bytes) {
        print("\(answer.result.time)\t\(answer.result.id?.terminalField ?? "-")\t\(answer.line)")
      }
      _ = fflush(nil)
    }
  }
}

struct ControlFleet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fleet",
    abstract: "The nodes by their heartbeats: last seen, cameras, fps, spool, version, gallery.",
    discussion: "Example: vedette control fleet --broker kafka-1:9092")

  @OptionGroup var place: BrokerPlace
  @Flag(help: "One JSON object a line, one for each node: its last heartbeat.")
  var json = false

  /// How long nothing more must come until all has been read.
  private static let quietMilliseconds: Int32 = 1500

  func run() throws {
    let reader = try place.place().reader(.metrics, from: .beginning)
    try reader.begin()
    var nodes: [String: Heartbeat] = [:]
    var isFirst = true
    while let bytes = try reader.next(milliseconds: isFirst ? 5000 : Self.quietMilliseconds) {
      isFirst = false
      guard let heartbeat = Heartbeat(bytes) else { continue }
      if heartbeat.isNewer(than: nodes[heartbeat.node]) { nodes[heartbeat.node] = heartbeat }
    }
    if !json { print("node\tlast seen\tcameras\tfps\tspooled\tversion\tgallery") }
    for (_, heartbeat) in nodes.sorted(by: { $0.key < $1.key }) {
      print(json ? heartbeat.value.canonicalText : heartbeat.line(now: .now))
    }
    if nodes.isEmpty { throw ExitCode(ExitStatus.unavailable) }
  }
}
