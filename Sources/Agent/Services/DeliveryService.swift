import Delivery
import Settings

/// What sends all records, and tells on the events' topic what became of some.
struct DeliveryService: Service {
  /// How long the polling thread may be quiet until it is taken for stuck.
  private static let stuckSeconds = 15.0
  /// What it may take beyond its share of the end: its last reports, and the spool's last sync.
  private static let graceSeconds = 2.0

  let delivery: Delivery
  let events: EventWriter

  var name: String { "delivery" }
  var patience: StopPatience { .rest(grace: Self.graceSeconds) }

  func start() throws(AgentError) {
    do {
      try delivery.start()
    } catch {
      throw AgentError("\(error)", .temporary)
    }
  }

  func adopt(_ new: Assembly, into running: inout Assembly) {
    events.topic = new.topics[.events]
    running.topics[.events] = new.topics[.events]
  }

  func stop(seconds: Double) { delivery.shutdown(seconds: seconds) }

  var health: ServiceHealth {
    let seconds = delivery.secondsSinceTurn
    return seconds < Self.stuckSeconds
      ? .well : .stuck("Kafka has not been asked for reports for \(Int(seconds)) s")
  }
}
