import Agent
import Delivery
import Documents
import Frames
import CPosix
import Meters
import Terminal

/// What the demo shows: a live view on a terminal, a line a second elsewhere, JSON at the end.
final class DemoView {
  private let agent: Agent
  private let broker: String
  private let isEmbedded: Bool
  private let isTerminal: Bool
  private let isQuiet: Bool
  private var lastLine = 0.0
  private var drawnLines = 0
  private var lastPicture: DeliveryPicture?

  init(agent: Agent, broker: String, isEmbedded: Bool, isTerminal: Bool, isQuiet: Bool) {
    self.agent = agent
    self.broker = broker
    self.isEmbedded = isEmbedded
    self.isTerminal = isTerminal
    self.isQuiet = isQuiet
  }

  private var meters: CameraMeters? { agent.meters.first }

  func begin(_ source: String) {
    guard !isQuiet else { return }
    let kind = isEmbedded ? "an embedded broker at " : ""
    say("vedette demo: \(source) to \(kind)\(broker), topic vedette.frames")
    say("look at frames in another terminal:")
    say(
      "  kcat -b \(broker) -t vedette.frames -C -o -1 -c 1 -f 'key %k, %S bytes, %h\\n'")
    say("  kcat -b \(broker) -t vedette.frames -C -o -1 -c 1 -e -q -D '' > frame.jpg\n")
  }

  func draw(elapsed: Double) {
    guard !isQuiet, let meters, isTerminal || elapsed - lastLine >= 1 else { return }
    lastLine = elapsed
    let counts = meters.ledger.snapshot
    let picture = meters.current
    let size = agent.latestPicture(of: meters.name)?.count ?? 0
    let delivery = agent.delivery.picture
    let rate = elapsed > 0 ? Double(counts.delivered) / elapsed : 0
    guard isTerminal else {
      say(
        "\(Int(elapsed)) s: captured \(counts.captured), acknowledged \(counts.delivered), "
          + "waiting \(counts.inPipeline + counts.inMemory + counts.inFlight), dropped \(counts.droppedInAll), "
          + "\(Self.tenths(rate)) fps, \(size / 1000) kB, p50 \(milliseconds(0.5)) ms")
      return
    }
    let lines = [
      "  time          \(Self.tenths(elapsed)) s",
      "  camera        \(picture.state.rawValue)\(picture.detail.map { ": \($0)" } ?? "")",
      "  captured      \(counts.captured) frames, \(Self.tenths(picture.measuredRate)) fps",
      "  encoded       \(Self.tenths((meters.encodeTime.mean ?? 0) / 1000)) ms, last \(size / 1000) kB",
      "  acknowledged  \(counts.delivered) frames, \(Self.tenths(rate)) fps",
      "  latency       p50 \(milliseconds(0.5)) ms, p99 \(milliseconds(0.99)) ms, capture to acknowledgement",
      "  in flight     \(counts.inFlight), waiting \(counts.inMemory)",
      "  dropped       \(counts.droppedInAll)",
      "  broker        \(Self.trouble(delivery) ?? (delivery.outageSince == nil ? "acknowledges" : "does not acknowledge"))",
    ]
    if drawnLines > 0 { write("\u{1B}[\(drawnLines)A") }
    for line in lines { write("\u{1B}[2K\(line.terminalField)\n") }
    drawnLines = lines.count
  }

  func end(elapsed: Double, saved: String?) {
    guard !isQuiet, let meters else { return }
    let counts = meters.ledger.snapshot
    say(
      "\nledger: captured \(counts.captured) = delivered \(counts.delivered) + dropped \(counts.droppedInAll)"
        + " + dead \(counts.dead) + in pipeline \(counts.inPipeline)"
        + " + waiting \(counts.inMemory + counts.inFlight + counts.spooled): \(counts.isBalanced ? "balances" : "DOES NOT BALANCE")"
    )
    if counts.delivered == 0 {
      let why = Self.trouble(lastPicture ?? agent.delivery.picture)
      say("nothing was acknowledged: \(why ?? meters.current.detail ?? "no frames came")")
    }
    if let saved { say("the last frame is in \(saved)") }
  }

  /// What is wrong with the frames' topic or, where nothing is, with brokers; nil where nothing is.
  private static func trouble(_ delivery: DeliveryPicture) -> String? {
    delivery.blocked.first { $0.topic == "vedette.frames" }?.remedy ?? delivery.lastError
  }

  /// Keeps how delivery stands before the agent is stopped: what is in memory then is dropped.
  func last() { lastPicture = agent.delivery.picture }

  /// The object that scripts read.
  func json(elapsed: Double) -> JSON {
    let ledgers = agent.meters.map { ($0.name, JSON.object($0.ledger.snapshot.members)) }
    let counts = meters?.ledger.snapshot
    return .object([
      ("ledger", .object(ledgers)),
      ("fps", .rounded(Double(counts?.delivered ?? 0) / max(elapsed, 0.001))),
      ("latency_ms", meters?.frames.latency.json ?? .null),
      ("encode_ms", meters?.encodeTime.json ?? .null),
      ("frame_bytes", .integer(meters.flatMap { agent.latestPicture(of: $0.name)?.count } ?? 0)),
      ("lost_by_driver", .integer(meters?.current.lostByDriver ?? 0)),
      ("repaired", .integer(meters?.current.repaired ?? 0)),
      ("state", .string(meters?.current.state.rawValue ?? "")),
      ("detail", meters?.current.detail.map { .string($0) } ?? .null),
      ("broker", .string(broker)),
    ])
  }

  private func milliseconds(_ quantile: Double) -> String {
    meters?.frames.latency.quantile(quantile).map { Self.tenths(Double($0) / 1000) } ?? "-"
  }

  private static func tenths(_ number: Double) -> String {
    let tenths = Int((number * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  private func say(_ text: String) { write(text.terminalSafe + "\n") }

  private func write(_ text: String) {
    unsafe vp_say(0, text)
  }
}
