import Analysers
import Analysis
import Capture
import Delivery
import Frames
import Imaging
import Keys
import Logging
import Settings
import Spool

@testable import Agent

extension AssemblyRow {
  /// One row a key.
  static let all =
    node + kafka + topics + delivery + spool + analysis + control + status + camera + device
    + replay + publish
    + Analysers.keys.flatMap { table in table.entries.map { AssemblyRow(table, $0) } }

  private static let node = [
    AssemblyRow("node", "other", \.node, "other"),
    AssemblyRow("log.level", "warning", \.log, .warning),
  ]

  private static let kafka = [
    AssemblyRow("kafka.brokers", "[a:1, b:2]", \.connection.brokers, ["a:1", "b:2"]),
    AssemblyRow("kafka.properties", "{retries: 3}", \.connection.properties, ["retries": "3"]),
    AssemblyRow("kafka.secrets", "{x: /dev/null}", \.connection.secretFiles, ["x": "/dev/null"]),
    AssemblyRow("kafka.prefix", "p", \.topics[.frames], "p.frames") { assembly, other in
      assembly.topics = other.topics
      assembly.control?.topic = other.control?.topic ?? ""
      assembly.control?.results = other.control?.results
      assembly.control?.metrics = other.control?.metrics
    },
  ]

  private static let topics =
    Topic.all(Analysers.keys).filter { ![.metrics, .results, .control].contains($0) }.map {
      AssemblyRow("kafka.topics.\($0.rawValue)", "x", \.topics[$0], "vedette.x")
    } + [
      AssemblyRow("kafka.topics.metrics", "x", \.topics[.metrics], "vedette.x") {
        $0.control?.metrics = $1.control?.metrics
      },
      AssemblyRow("kafka.topics.results", "off", of: \.control, \.results, nil),
      AssemblyRow("kafka.topics.control", "x", of: \.control, \.topic, "vedette.x"),
    ]

  private static let delivery = [
    AssemblyRow("delivery.memory", "5 MiB", \.delivery.memoryMax, 5 << 20),
    AssemblyRow("delivery.outage_after", "7 s", \.delivery.outageAfter, 7),
    AssemblyRow("delivery.age_max", "9 s", \.delivery.ageMax, 9),
    AssemblyRow("delivery.shutdown_budget", "11 s", \.shutdownBudget, 11),
  ]

  private static let spool = [
    AssemblyRow("spool.folder", "/other", of: \.spool, \.folder, "/other"),
    AssemblyRow("spool.quota", "1 GiB", of: \.spool, \.store.quotaBytes, 1 << 30) {
      $0.spool?.store.classQuotaBytes[.metrics] = $1.spool?.store.classQuotaBytes[.metrics]
    },
    AssemblyRow(
      "spool.frames_quota", "8 MiB", of: \.spool, \.store.classQuotaBytes[.frames], 8 << 20),
    AssemblyRow(
      "spool.copies_quota", "9 MiB", of: \.spool, \.store.classQuotaBytes[.copies], 9 << 20),
    AssemblyRow("spool.segment", "3 MiB", of: \.spool, \.store.segmentBytes, 3 << 20),
    AssemblyRow(
      "spool.frames_age_max", "77 s", of: \.spool, \.store.ageMax,
      Dictionary(uniqueKeysWithValues: SpoolClass.heldInMemory.map { ($0, 77) })),
    AssemblyRow(
      "spool.events_age_max", "78 s", of: \.spool, \.store.ageMax,
      Dictionary(uniqueKeysWithValues: SpoolClass.writtenAhead.map { ($0, 78) })),
    AssemblyRow("spool.thin", "true", of: \.spool, \.store.isThinning, true),
    AssemblyRow("spool.order", "newest", of: \.spool, \.store.isNewestFirst, true),
    AssemblyRow("spool.replay_rate", "5 MB", of: \.spool, \.replayRate, 5e6),
    AssemblyRow("spool.replay_jitter", "3 s", of: \.spool, \.replayJitter, 3),
    AssemblyRow("spool.commit_interval", "2 s", of: \.spool, \.commitInterval, 2),
    AssemblyRow("spool.retry_interval", "4 s", of: \.spool, \.retryInterval, 4),
    AssemblyRow("spool.key_file", "/dev/null", of: \.spool, \.store.keyFile, "/dev/null"),
    AssemblyRow("spool.dead_quota", "6 MiB", of: \.spool, \.store.deadBytes, 6 << 20),
  ]

  private static let analysis = [
    AssemblyRow("analysis.workers", "3", \.analysis.workers, 3),
    AssemblyRow("analysis.nice", "3", \.analysis.nice, 3),
    AssemblyRow("analysis.models", "/models", \.analysis.models, "/models"),
    AssemblyRow("analysis.gallery", "/people", \.analysis.gallery, "/people"),
  ]

  /// But for `control.replays`, by which overrides are judged: see `OverlaidSettingsTests`.
  private static let control = [
    AssemblyRow("control.keys", "/keys", of: \.control, \.keysFolder, "/keys"),
    AssemblyRow("control.labels", "{site: x}", of: \.control, \.labels, ["site": "x"]),
    AssemblyRow("control.allow_unsigned", "true", of: \.control, \.allowsUnsigned, true),
    AssemblyRow("control.freeze_after", "8 s", of: \.control, \.freezeAfter, 8),
    AssemblyRow("control.heartbeat", "9 s", of: \.control, \.heartbeat, 9),
  ]

  private static let status = [
    AssemblyRow("status.socket", "/run/x.sock", \.status.socket, "/run/x.sock"),
    AssemblyRow(
      "status.listen", "127.0.0.1:9117", \.status.listen,
      StatusSettings.Address(host: "127.0.0.1", port: 9117)),
    AssemblyRow("status.token_file", "/dev/null", \.status.tokenFile, "/dev/null"),
  ]

  private static let camera = [
    AssemblyRow("cameras.front.enabled", "false", \.cameras[0].isEnabled, false),
    AssemblyRow("cameras.front.quality", "33", \.cameras[0].picture.quality, 33) {
      $0.cameras[0].plan.quality = $1.cameras[0].plan.quality
    },
    AssemblyRow("cameras.front.chroma", "4:2:2", \.cameras[0].picture.chroma, .yuv422),
    AssemblyRow(
      "cameras.front.scale", "64x48", \.cameras[0].picture.scale, FrameSize(width: 64, height: 48)),
    AssemblyRow("cameras.front.fit", "stretch", \.cameras[0].picture.fit, .stretch),
    AssemblyRow(
      "cameras.front.masks", "[3x4+1+2]", \.cameras[0].picture.masks,
      [Rectangle(x: 1, y: 2, width: 3, height: 4)]),
    AssemblyRow("cameras.front.verify", "full", \.cameras[0].picture.decodesToVerify, true),
  ]

  private static func device(
    _ key: String, _ value: String, _ change: (inout DeviceRequest) -> Void
  ) -> AssemblyRow {
    var request = DeviceRequest(device: "/dev/none")
    change(&request)
    return AssemblyRow("cameras.front.\(key)", value, \.cameras[0].source, .device(request))
  }

  private static let device = [
    device("device", "/dev/other") { $0.device = "/dev/other" },
    device("format", "mjpeg") { $0.format = "mjpeg" },
    device("size", "64x48") { $0.size = FrameSize(width: 64, height: 48) },
    device("rate", "7") { $0.rate = 7 },
    device("controls", "{gain: 5}") {
      $0.controls = [DeviceRequest.Control(name: "gain", value: "5")]
    },
    device("range", "full") { $0.range = .full },
    device("buffers", "9") { $0.buffers = 9 },
    device("timeout", "8 s") { $0.timeout = 8 },
  ]

  private static func replay(
    _ key: String, _ value: String, _ change: (inout ReplayRequest) -> Void
  ) -> AssemblyRow {
    var request = ReplayRequest(path: "/pictures")
    change(&request)
    return AssemblyRow("cameras.front.replay.\(key)", value, \.cameras[0].source, .replay(request))
  }

  private static let replay = [
    replay("path", "/others") { $0.path = "/others" },
    replay("format", "mjpeg") { $0.format = .mjpeg },
    replay("size", "64x48") { $0.size = FrameSize(width: 64, height: 48) },
    replay("rate", "7") { $0.rate = 7 },
    replay("loop", "false") { $0.loop = false },
  ]

  private static let publish = [
    AssemblyRow("cameras.front.publish_rate", "3", \.cameras[0].publish.rate, 3),
    AssemblyRow("cameras.front.publish.rate", "3", \.cameras[0].publish.rate, 3),
    AssemblyRow("cameras.front.publish.still_rate", "3", \.cameras[0].publish.stillRate, 3),
    AssemblyRow("cameras.front.publish.check_rate", "3", \.cameras[0].publish.checkRate, 3),
    AssemblyRow("cameras.front.publish.hold", "3 s", \.cameras[0].publish.hold, 3),
    AssemblyRow("cameras.front.publish.before", "3 s", \.cameras[0].publish.before, 3),
    AssemblyRow("cameras.front.publish.memory", "3 MiB", \.cameras[0].publish.memoryMax, 3 << 20),
  ]
}
