package import Documents
package import Meters

/// The box at one moment: what the status tool shows, scripts read and alarms are judged by. Durations are in
/// seconds, sizes in bytes. Values alone: whoever holds one holds nothing of the agent up.
package struct BoxPicture: Sendable {
  package var node = ""
  package var version = ""
  /// When it was taken, microseconds since 1970-01-01 UTC.
  package var wall: Int64 = 0
  /// Since the agent began.
  package var uptime = 0.0
  package var cameras: [CameraView] = []
  /// What else is sent: events, results, what analysis makes.
  package var outputs: [OutputView] = []
  package var delivery = DeliveryView()
  /// Nil where there is none.
  package var spool: SpoolView?
  /// Nil where no camera is looked at.
  package var analysis: AnalysisView?
  /// Nil where faces are not named.
  package var gallery: GalleryView?
  /// Nil where the box is not commanded over a topic.
  package var control: ControlView?
  package var configuration = ConfigurationView()
  /// Of the way to the brokers.
  package var certificates: [CertificateView] = []
  package var system = SystemView()
  /// Those that are raised, gravest first.
  package var alarms: [Alarm] = []

  package init() {}

  package var health: Health { alarms.map(\.severity).max() ?? .ok }

  /// After so many seconds what was seen last no longer says how the box is.
  private static let staleAfter = 15.0

  /// The same as whoever asks now is to be told of it: looking may wait for a disk that does not answer.
  /// - Parameter uptime: now, in seconds since the agent began.
  package func seen(at uptime: Double) -> BoxPicture {
    let age = uptime - self.uptime
    guard age > Self.staleAfter else { return self }
    var picture = self
    let sentence =
      "this is how the box was \(Wording.duration(age)) ago, for looking at it hangs: look at its disks"
    picture.alarms.insert(
      Alarm(
        kind: .diskFailing, subject: "", severity: .critical, sentence: sentence,
        raisedAt: self.uptime, raisedWall: wall), at: 0)
    return picture
  }

  /// One sentence: how the box is, and if not well, why.
  package var verdict: String {
    guard let first = alarms.first else {
      let streaming = cameras.count { $0.state == .streaming && !$0.outcome.isTotal }
      let delivered = cameras.contains { $0.counts.delivered > 0 }
      let brokers = delivered ? "brokers acknowledge" : "nothing was delivered yet"
      return "\(streaming) of \(cameras.count) cameras stream, \(brokers)"
    }
    let more = alarms.count > 1 ? " (and \(alarms.count - 1) more)" : ""
    return first.sentence + more
  }
}

/// How a box is. The raw values are the exit codes that Nagios and its heirs read.
package enum Health: Int, Comparable, Sendable {
  case ok = 0
  case warning = 1
  case critical = 2

  package static func < (a: Health, b: Health) -> Bool { a.rawValue < b.rawValue }

  package var name: String {
    switch self {
    case .ok: "ok"
    case .warning: "warning"
    case .critical: "critical"
    }
  }
}

/// One camera.
package struct CameraView: Sendable {
  package var name = ""
  package var state = CameraState.opening
  /// Why the state is as it is, or nil.
  package var detail: String?
  package var device: String?
  package var asked: StreamSetting?
  package var negotiated: StreamSetting?
  /// Frames per second over the last seconds.
  package var measuredRate = 0.0
  /// Age of the last good frame; nil before the first.
  package var lastFrameAge: Double?
  package var counts = LedgerCounts()
  /// Of those in the pipeline, what waits there by intention.
  package var held = 0
  /// Of the last half minute.
  package var outcome = FrameOutcome()
  package var latency = Timing()
  package var encode = Timing()
  package var lostByDriver = 0
  package var flaggedByDriver = 0
  package var repaired = 0
  package var reopened = 0

  package init(name: String) { self.name = name }
}

/// Records that are no frames.
package struct OutputView: Sendable {
  /// As its ledger is named: `events`, `front/annotated`.
  package var name: String
  /// Of the last half minute.
  package var outcome: FrameOutcome

  package init(name: String, outcome: FrameOutcome) {
    self.name = name
    self.outcome = outcome
  }
}

/// Durations of one kind, in seconds; nil where nothing was measured.
package struct Timing: Sendable {
  package var p50: Double?
  package var p99: Double?
  package var mean: Double?
  package var count = 0

  package init() {}

  package init(_ histogram: LatencyHistogram) {
    p50 = histogram.quantile(0.5).map { Double($0) / 1e6 }
    p99 = histogram.quantile(0.99).map { Double($0) / 1e6 }
    mean = histogram.mean.map { $0 / 1e6 }
    count = histogram.count
  }

  /// Of all of them.
  package var sum: Double { (mean ?? 0) * Double(count) }
}

/// How records go to the brokers.
package struct DeliveryView: Sendable {
  package var brokers: [String] = []
  /// For how long no broker has acknowledged; nil outside an outage.
  package var outage: Double?
  /// The last error that was not followed by a delivery.
  package var error: String?
  package var waiting = 0
  package var inFlight = 0
  /// Of memory: taken, and the most that may be.
  package var bytes = 0
  package var bytesMax = 0
  /// Topics, and partitions of topics, whose records brokers do not take though others are taken.
  package var blocked: [Blocked] = []
  /// For how long brokers make this client wait for a request, in seconds; 0 where they do not throttle.
  package var throttle = 0.0

  package init() {}

  /// Records that brokers do not take, and why.
  package struct Blocked: Sendable, Equatable {
    package var topic: String
    /// Of the records that it is about; nil for all of the topic.
    package var key: String?
    /// For how long, in seconds.
    package var age: Double
    /// What brokers say.
    package var cause: String?
    /// What to do.
    package var remedy: String
    /// Records of it in memory.
    package var waiting: Int
    /// Whether brokers said so when they were asked.
    package var isCertain: Bool

    package init(
      topic: String, key: String?, age: Double, cause: String?, remedy: String, waiting: Int,
      isCertain: Bool = false
    ) {
      self.topic = topic
      self.key = key
      self.age = age
      self.cause = cause
      self.remedy = remedy
      self.waiting = waiting
      self.isCertain = isCertain
    }
  }
}

/// What is on disk.
package struct SpoolView: Sendable {
  package var folder = ""
  /// Why it cannot be used, or nil.
  package var fault: String?
  /// On disk: of files that hold what waits, and what is done with of the same files.
  package var bytes = 0
  package var quota = 0
  /// Of frames alone, where they have a quota of their own.
  package var framesBytes = 0
  package var framesQuota: Int?
  /// That wait to be sent, and what they come to, uncompressed.
  package var records = 0
  package var waitingBytes = 0
  package var deadRecords = 0
  /// Age of the oldest, where that is known.
  package var oldestAge: Double?
  /// Bytes that brokers acknowledge of it in a second; nil while it does not empty.
  package var replayRate: Double?
  /// Until it is empty at that rate.
  package var timeToEmpty: Double?

  /// Bytes that become more in a second; nil while it does not fill, or is full.
  package var fillRate: Double?
  /// Until it is full at that rate.
  package var timeToFull: Double?
  /// Whether records had to make room for newer ones lately.
  package var isFull = false
  /// Records a second that make room.
  package var lossRate = 0.0

  package init() {}

  /// The limit that is nearest to being reached: the quota, or the frames' own.
  var nearestLimit: (bytes: Int, quota: Int, option: String) {
    let all = (bytes: bytes, quota: quota, option: "spool.quota")
    guard let framesQuota, Self.share(framesBytes, framesQuota) > Self.share(bytes, quota) else {
      return all
    }
    return (framesBytes, framesQuota, "spool.frames_quota")
  }

  /// Of the nearest limit, 0…1.
  package var share: Double { Self.share(nearestLimit.bytes, nearestLimit.quota) }

  private static func share(_ bytes: Int, _ quota: Int) -> Double {
    quota > 0 ? Double(bytes) / Double(quota) : 0
  }

  /// Bytes that still fit.
  var room: Int { min(quota - bytes, framesQuota.map { $0 - framesBytes } ?? .max) }
}

/// Commands over the topic.
package struct ControlView: Sendable {
  package struct Answer: Sendable {
    package var id: String
    package var command: String
    package var issuer: String
    /// As in results.
    package var state: String

    package init(id: String, command: String, issuer: String, state: String) {
      self.id = id
      self.command = command
      self.issuer = issuer
      self.state = state
    }
  }

  /// Messages that kill whoever reads them, and were passed over.
  package struct Skipped: Sendable, Equatable {
    package var partition: Int
    /// The first offset and the last.
    package var from: Int64
    package var to: Int64
    /// When, microseconds since 1970-01-01 UTC.
    package var at: Int64

    package init(partition: Int, from: Int64, to: Int64, at: Int64) {
      self.partition = partition
      self.from = from
      self.to = to
      self.at = at
    }
  }

  package var topic = ""
  /// That are trusted.
  package var keys = 0
  /// When something signed last came, microseconds since 1970-01-01 UTC; nil for never.
  package var heard: Int64?
  /// Whether nothing signed has come for longer than it may.
  package var isSilent = false
  /// Why the box cannot be commanded now; nil where it can.
  package var fault: String?
  /// What commands have changed of the configuration and is in force; nil for nothing.
  package var overlay: JSON?
  /// The last of this run.
  package var last: Answer?
  /// How often the process that reads the topic ended by itself, and messages were skipped, in this run.
  package var readerDeaths = 0
  package var skips = 0
  /// The last, also of an earlier run.
  package var skipped: Skipped?

  package init() {}
}

/// The configuration's files, and what was commanded over them.
package struct ConfigurationView: Sendable, Equatable {
  /// Something that was commanded and is not in force.
  package struct Unapplied: Sendable, Equatable {
    /// The camera that is stopped because of it; empty for none.
    package var camera: String
    /// What is so, and what to do.
    package var sentence: String

    package init(camera: String, sentence: String) {
      self.camera = camera
      self.sentence = sentence
    }
  }

  /// What is wrong with the files since they were last read, with file and line; nil where nothing is.
  package var fault: String?
  package var unapplied: [Unapplied] = []

  package init() {}
}

/// A file of certificates.
package struct CertificateView: Sendable, Equatable {
  package var path: String
  /// When the first of them does, microseconds since 1970-01-01 UTC.
  package var expires: Int64

  package init(path: String, expires: Int64) {
    self.path = path
    self.expires = expires
  }
}

package struct GalleryView: Sendable {
  package var version: UInt64 = 0
  /// Hexadecimal; the same on boxes that know the same people.
  package var hash = ""
  package var people = 0
  package var encodings = 0

  package init() {}
}

/// The machine that the agent runs on.
package struct SystemView: Sendable {
  /// Whether the kernel's clock is kept right by NTP; nil where that is not known.
  package var isSynchronised: Bool?
  /// Of the file system with the spool, or the root's; nil where it does not answer.
  package var diskFree: Int?
  package var diskSize: Int?
  /// Of the hottest sensor, in degrees Celsius; nil without one.
  package var temperature: Double?
  /// Of the agent.
  package var residentBytes = 0
  package var processorSeconds = 0.0
  package var openFiles = 0

  package init() {}
}
