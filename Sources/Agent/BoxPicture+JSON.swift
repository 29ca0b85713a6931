package import Documents
import Meters
package import Status
import Threads

extension BoxPicture {
  /// As schemas/box.json tells.
  package var json: JSON {
    .object([
      ("schema", .string("vedette.status.v1")), ("health", .string(health.name)),
      ("verdict", .string(verdict)), ("alarms", .array(alarms.map(\.json))),
      ("node", .string(node)), ("version", .string(version)),
      ("time", .string(Clock.rfc3339(microseconds: wall))), ("uptime_s", .rounded(uptime)),
      ("cameras", .array(cameras.map(\.json))), ("delivery", delivery.json),
      ("spool", spool?.json ?? .null), ("analysis", analysis?.json ?? .null),
      ("gallery", gallery?.json ?? .null), ("control", control?.json ?? .null),
      ("configuration", configuration.json),
      ("certificates", .array(certificates.map(\.json))), ("system", system.json),
    ])
  }
}

extension Alarm {
  var members: [(String, JSON)] {
    [
      ("alarm", .string(kind.rawValue)), ("subject", .string(subject)),
      ("severity", .string(severity.name)),
      ("since", .string(Clock.rfc3339(microseconds: raisedWall))), ("message", .string(sentence)),
    ]
  }

  fileprivate var json: JSON { .object(members) }
}

extension CameraView {
  fileprivate var json: JSON {
    .object([
      ("name", .string(name)), ("state", .string(state.rawValue)), ("detail", .text(detail)),
      ("device", .text(device)), ("asked", asked?.json ?? .null),
      ("negotiated", negotiated?.json ?? .null), ("measured_fps", .rounded(measuredRate)),
      ("last_frame_age_s", .maybe(lastFrameAge)), ("ledger", .object(counts.members)),
      ("outcome", outcome.json),
      ("latency_ms", latency.json), ("encode_ms", encode.json),
      ("lost_by_driver", .integer(lostByDriver)), ("flagged_by_driver", .integer(flaggedByDriver)),
      ("repaired", .integer(repaired)), ("reopened", .integer(reopened)),
    ])
  }
}

extension FrameOutcome {
  fileprivate var json: JSON {
    .object([
      ("seconds", .rounded(seconds)), ("wanted", .integer(wanted)),
      ("delivered", .integer(delivered)), ("lost", .integer(lost)), ("lost_share", .rounded(share)),
      ("reason", .text(cause?.name)), ("detail", .text(detail)),
    ])
  }
}

extension StreamSetting {
  fileprivate var json: JSON {
    .object([
      ("format", format.isEmpty ? .null : .string(format)),
      ("width", width > 0 ? .integer(width) : .null),
      ("height", height > 0 ? .integer(height) : .null),
      ("fps", rate > 0 ? .rounded(rate) : .null),
    ])
  }
}

extension Timing {
  /// Milliseconds.
  fileprivate var json: JSON {
    .object([
      ("p50", .maybe(p50.map { $0 * 1000 })), ("p99", .maybe(p99.map { $0 * 1000 })),
      ("mean", .maybe(mean.map { $0 * 1000 })), ("count", .integer(count)),
    ])
  }
}

extension DeliveryView {
  fileprivate var json: JSON {
    .object([
      ("brokers", .array(brokers.map { .string($0) })), ("outage_s", .maybe(outage)),
      ("error", .text(error)), ("waiting", .integer(waiting)), ("in_flight", .integer(inFlight)),
      ("bytes", .integer(bytes)), ("bytes_max", .integer(bytesMax)),
      ("throttle_s", .rounded(throttle)), ("blocked", .array(blocked.map(\.json))),
    ])
  }
}

extension DeliveryView.Blocked {
  fileprivate var json: JSON {
    .object([
      ("topic", .string(topic)), ("key", .text(key)), ("for_s", .rounded(age)),
      ("cause", .text(cause)), ("remedy", .string(remedy)), ("waiting", .integer(waiting)),
    ])
  }
}

extension SpoolView {
  fileprivate var json: JSON {
    .object([
      ("folder", .string(folder)), ("fault", .text(fault)), ("bytes", .integer(bytes)),
      ("quota", .integer(quota)), ("records", .integer(records)),
      ("waiting_bytes", .integer(waitingBytes)),
      ("dead_records", .integer(deadRecords)), ("oldest_age_s", .maybe(oldestAge)),
      ("replay_bytes_per_s", .maybe(replayRate)), ("time_to_empty_s", .maybe(timeToEmpty)),
      ("fill_bytes_per_s", .maybe(fillRate)), ("time_to_full_s", .maybe(timeToFull)),
      ("full", .boolean(isFull)), ("lost_per_s", .rounded(lossRate)),
    ])
  }
}

extension AnalysisView {
  fileprivate var json: JSON {
    let rows = cameras.first?.rows ?? []
    return .object([
      ("workers", .integer(workers)),
      (
        "rows",
        .array(
          rows.map { .object([("name", .string($0.name)), ("title", .string($0.title))]) })
      ),
      (
        "cameras",
        .array(
          cameras.map { camera in
            let counters = camera.counters.map { ($0.name, JSON.integer($0.value)) }
            let rows = camera.rows.map { ($0.name, $0.value.json) }
            return .object(
              [
                ("name", .string(camera.name)), ("analysed", .integer(camera.analysed)),
                ("skipped", .integer(camera.skipped)), ("failed", .integer(camera.failed)),
                ("analysers", .array(camera.analysers.map(\.json))),
              ] + counters + [("ms", camera.time.json), ("latency_ms", camera.latency.json)] + rows)
          })
      ),
    ])
  }
}

extension AnalysisView.Analyser {
  fileprivate var json: JSON {
    .object([
      ("name", .string(name)), ("pictures", .integer(pictures)), ("failed", .integer(failed)),
      ("seconds", .number(seconds)),
    ])
  }
}

extension AnalysisView.Row.Value {
  fileprivate var json: JSON {
    switch self {
    case .words(let words): .array(words.map { .string($0) })
    case .swatches(let swatches):
      .array(
        swatches.map {
          .object([("rgb", .string($0.rgb)), ("share", .rounded($0.share))])
        })
    }
  }
}

extension GalleryView {
  fileprivate var json: JSON {
    .object([
      ("version", .integer(Int(clamping: version))), ("hash", .string(hash)),
      ("people", .integer(people)), ("encodings", .integer(encodings)),
    ])
  }
}

extension ControlView {
  fileprivate var json: JSON {
    .object([
      ("topic", .string(topic)), ("keys", .integer(keys)),
      ("heard", heard.map { .string(Clock.rfc3339(microseconds: $0)) } ?? .null),
      ("silent", .boolean(isSilent)), ("fault", .text(fault)),
      ("overlay", overlay ?? .null),
      (
        "last",
        last.map { last in
          .object([
            ("id", .string(last.id)), ("command", .string(last.command)),
            ("issuer", .string(last.issuer)), ("state", .string(last.state)),
          ])
        } ?? .null
      ),
      ("reader_restarts", .integer(readerDeaths)), ("skips", .integer(skips)),
      (
        "skipped",
        skipped.map { skipped in
          .object([
            ("partition", .integer(skipped.partition)), ("from", .integer(Int(skipped.from))),
            ("to", .integer(Int(skipped.to))),
            ("at", .string(Clock.rfc3339(microseconds: skipped.at))),
          ])
        } ?? .null
      ),
    ])
  }
}

extension ConfigurationView {
  fileprivate var json: JSON {
    .object([
      ("fault", .text(fault)),
      (
        "not_applied",
        .array(
          unapplied.map {
            .object([("camera", .string($0.camera)), ("message", .string($0.sentence))])
          })
      ),
    ])
  }
}

extension CertificateView {
  fileprivate var json: JSON {
    .object([("path", .string(path)), ("expires", .string(Clock.rfc3339(microseconds: expires)))])
  }
}

extension SystemView {
  fileprivate var json: JSON {
    .object([
      ("clock_synchronised", isSynchronised.map { .boolean($0) } ?? .null),
      ("disk_free", diskFree.map { .integer($0) } ?? .null),
      ("disk_size", diskSize.map { .integer($0) } ?? .null),
      ("temperature_c", .maybe(temperature)), ("resident_bytes", .integer(residentBytes)),
      ("cpu_s", .rounded(processorSeconds)), ("open_files", .integer(openFiles)),
    ])
  }
}

extension JSON {
  fileprivate static func maybe(_ number: Double?) -> JSON { number.map { .rounded($0) } ?? .null }
  fileprivate static func text(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
}
