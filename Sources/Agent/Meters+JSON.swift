package import Documents
package import Meters

extension LedgerCounts {
  /// The members that scripts read.
  package var members: [(String, JSON)] {
    [
      ("captured", .integer(captured)), ("in_pipeline", .integer(inPipeline)),
      ("delivered", .integer(delivered)),
      ("in_memory", .integer(inMemory)), ("in_flight", .integer(inFlight)),
      ("spooled", .integer(spooled)), ("dead", .integer(dead)),
      (
        "dropped",
        .object(
          DropReason.allCases.compactMap { reason in
            dropped(reason) == 0 ? nil : (reason.rawValue, .integer(dropped(reason)))
          })
      ),
    ]
  }
}

extension LatencyHistogram {
  /// Milliseconds.
  package var json: JSON {
    func milliseconds(_ quantile: Double) -> JSON {
      self.quantile(quantile).map { .rounded(Double($0) / 1000) } ?? .null
    }
    return .object([("p50", milliseconds(0.5)), ("p99", milliseconds(0.99))])
  }
}

extension StreamMeters {
  /// The ledger of records that no camera gave: events, results, what analysis sends.
  package var ledgerJSON: JSON {
    .object(ledger.snapshot.members + [("latency_ms", latency.json)])
  }
}

extension CameraMeters {
  /// The ledger with what goes beside it, on one line.
  package var ledgerJSON: JSON {
    let picture = current
    return .object(
      ledger.snapshot.members + [
        ("latency_ms", frames.latency.json), ("encode_ms", encodeTime.json),
        ("lost_by_driver", .integer(picture.lostByDriver)),
        ("flagged_by_driver", .integer(picture.flaggedByDriver)),
        ("repaired", .integer(picture.repaired)),
        ("reopened", .integer(picture.reopened)), ("fps", .rounded(picture.measuredRate)),
        ("state", .string(picture.state.rawValue)),
      ])
  }
}
