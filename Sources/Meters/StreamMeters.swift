import Synchronization

/// What is counted of one stream of records: of a camera's frames, of events, of what analysis sends. Any thread may
/// write.
package final class StreamMeters: Sendable {
  package let name: String
  package let ledger = Ledger()
  /// Capture to acknowledgement.
  package let latency = LatencyHistogram()
  private let details = Mutex<[String: String]>([:])

  package init(name: String) { self.name = name }

  /// What was last said of records that were lost, by the name that the ledger has for it.
  package var lossDetails: [String: String] { details.withLock { $0 } }

  /// Keeps why records are lost, for the status.
  /// - Parameter fate: as the ledger names it.
  package func explain(_ fate: String, _ why: String) {
    details.withLock { $0[fate] = why }
  }
}
