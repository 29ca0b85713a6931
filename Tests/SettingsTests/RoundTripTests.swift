import Analysers
import Keys
import Testing

@testable import Settings

/// Random settings, written out as an operator would, must come back the same.
@Suite struct RoundTripTests {
  @Test(arguments: 0..<300) func `Settings that are written come back the same`(seed: UInt64) throws
  {
    var random = Random(state: seed)
    let settings = random.settings()
    let text = settings.yaml(isFlow: seed % 2 == 0)
    #expect(try parsed(text).settings == settings, "of:\n\(text)")
  }
}

/// SplitMix64, so that a failure can be repeated.
private struct Random: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func maybe<Value>(_ value: (inout Random) -> Value) -> Value? {
    Bool.random(using: &self) ? value(&self) : nil
  }

  mutating func integer(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &self) }

  mutating func name() -> String {
    let letters = Array("abcXYZ019._-")
    return "n" + String((0..<integer(0...62)).map { _ in letters[integer(0...11)] })
  }

  mutating func any<Value: CaseIterable>(_ type: Value.Type) -> Value {
    let all = Array(Value.allCases)
    return all[integer(0...all.count - 1)]
  }

  mutating func size() -> CameraSettings.Size {
    CameraSettings.Size(width: integer(1...16_384), height: integer(1...16_384))
  }

  mutating func settings() -> Settings {
    var settings = Settings(node: name())
    settings.log.level = any(LogSettings.Level.self)
    settings.kafka.brokers = (0...integer(0...3)).map { "\($0).example:\(integer(1...65_535))" }
    settings.kafka.prefix = name()
    for topic in Topic.all(Analysers.keys) { settings.kafka.topics[topic] = maybe { $0.name() } }
    if Bool.random(using: &self) { settings.analysis.workers = integer(1...256) }
    settings.analysis.nice = integer(0...19)
    settings.analysis.models = "/srv/\(value())"
    settings.analysis.gallery = "/srv/\(value())"
    for index in 0..<integer(0...4) { settings.kafka.properties["property.\(index)"] = value() }
    if Bool.random(using: &self) { settings.kafka.secretFiles["sasl.password"] = "/dev/null" }
    settings.delivery.memoryMax = integer(1 << 20...4 << 30)
    settings.delivery.outageAfter = Double(integer(500...300_000)) * 0.001
    settings.delivery.ageMax = maybe { Double($0.integer(1...31_536_000)) }
    settings.delivery.shutdownBudget = Double(integer(1...300))
    settings.spool = maybe { $0.spool() }
    settings.status.socket = maybe { "/run/\($0.name()).sock" }
    settings.status.listen = maybe {
      StatusSettings.Address(host: "127.0.0.1", port: $0.integer(1...65_535))
    }
    settings.status.tokenFile = maybe { _ in "/dev/null" }
    if settings.status.tokenFile != nil, Bool.random(using: &self) {
      settings.status.listen?.host = "0.0.0.0"
    }
    settings.cameras = (0...integer(0...4)).map { camera($0) }
    return settings
  }

  private mutating func spool() -> SpoolSettings {
    var spool = SpoolSettings(folder: "/srv/\(value())")
    spool.segment = integer(1 << 20...1 << 30)
    spool.quota = integer(2 * spool.segment...16 << 40)
    spool.framesQuota = maybe { $0.integer(4 << 20...16 << 40) }
    spool.copiesQuota = integer(1 << 20...16 << 40)
    spool.framesAgeMax = maybe { Double($0.integer(1...31_536_000)) }
    spool.eventsAgeMax = maybe { Double($0.integer(1...31_536_000)) }
    spool.thin = Bool.random(using: &self)
    spool.order = any(SpoolSettings.Order.self)
    spool.replayRate = integer(10_000...10_000_000_000)
    spool.replayJitter = Double(integer(0...3600))
    spool.commitInterval = Double(integer(1...10))
    spool.retryInterval = Double(integer(1...3600))
    spool.deadQuota = integer(1 << 20...1 << 40)
    spool.keyFile = maybe { _ in "/dev/null" }
    return spool
  }

  private mutating func value(_ kind: KeyKind) -> KeyValue {
    switch kind {
    case .integer(let range): .integer(integer(range))
    case .number(let range), .duration(let range):
      .number(
        Double(integer(Int(range.lowerBound * 100)...Int(range.upperBound * 100))) / 100)
    case .flag: .flag(Bool.random(using: &self))
    case .choice(let words): .word(words[integer(0...words.count - 1)])
    case .rate: .number(Double(integer(1...1000)))
    case .size(let most): .size(KeySize(width: integer(1...most), height: integer(1...most)))
    case .area:
      .area(KeyArea(mask(within: nil)))
    case .text: .word(value())
    case .list(let kind, _): .list((0..<integer(0...3)).map { _ in value(kind) })
    case .optional(let kind): Bool.random(using: &self) ? .off : value(kind)
    case .words(let words, let kind):
      Bool.random(using: &self) ? .word(words[integer(0...words.count - 1)]) : value(kind)
    }
  }

  /// Some of an analyser's keys, each with some value.
  private mutating func options(_ table: KeyTable) -> AnyOptions {
    var values: [String: KeyValue] = [:]
    for entry in table.entries where Bool.random(using: &self) {
      values[entry.name] = value(entry.kind)
    }
    return table.options(values)
  }

  /// Text that YAML could take for something else.
  mutating func value() -> String {
    let values = [
      "true", "0x10", "1e3", "a: b", "it's", "\"q\"", "- a", "#c", " padded ", "a #b", "{", "&a",
      "*a", "!t", "%d", "@", "`", "é", "\u{1F4F7}", "null", "~", "4:2:2", "---",
    ]
    return values[integer(0...values.count - 1)]
  }

  mutating func camera(_ index: Int) -> CameraSettings {
    var source = CameraSettings.Source.device(device(index))
    if Bool.random(using: &self) { source = .replay(replay()) }
    var camera = CameraSettings(name: "c\(index)\(name().prefix(40))", source: source)
    camera.quality = integer(1...100)
    camera.chroma = any(CameraSettings.Chroma.self)
    camera.range = any(CameraSettings.Range.self)
    camera.publish.rate = maybe { Double($0.integer(1...1_000_000)) / 1000 }
    camera.publish.stillRate = maybe { Double($0.integer(1...1_000_000)) / 1000 }
    camera.publish.hold = Double(integer(0...3600))
    camera.publish.checkRate = Double(integer(1...1000))
    camera.publish.before = Double(integer(0...60))
    camera.publish.memoryMax = integer(1 << 20...1 << 30)
    camera.scale = maybe { $0.size() }
    camera.fit = any(CameraSettings.Fit.self)
    camera.verify = any(CameraSettings.Verify.self)
    let size =
      switch source {
      case .device(let device): device.size
      case .replay(let replay): replay.size
      }
    camera.masks = (0..<integer(0...3)).map { _ in mask(within: size) }
    for table in Analysers.keys {
      camera.analysers[table.name] = maybe { $0.options(table) }
    }
    return camera
  }

  private mutating func mask(within size: CameraSettings.Size?) -> CameraSettings.Mask {
    let (width, height) = (size?.width ?? 16_384, size?.height ?? 16_384)
    let (x, y) = (integer(0...width - 1), integer(0...height - 1))
    return CameraSettings.Mask(
      x: x, y: y, width: integer(1...width - x), height: integer(1...height - y))
  }

  private mutating func device(_ index: Int) -> DeviceSettings {
    var device = DeviceSettings(device: "/dev/none/\(index) \(value())")
    device.format = maybe { $0.any(of: SettingsDecoder.formats + ["fourcc:BA81", "fourcc:Y16"]) }
    device.size = maybe { $0.size() }
    device.rate = maybe { Double($0.integer(1...100_000)) / 100 }
    device.controls = (0..<integer(0...3)).map {
      DeviceSettings.Control(name: "control \($0)", value: value())
    }
    device.buffers = integer(2...32)
    device.timeout = maybe { Double($0.integer(1...3600)) }
    return device
  }

  private mutating func replay() -> ReplaySettings {
    var replay = ReplaySettings(path: "/none/\(value())")
    replay.format = maybe { $0.any(of: SettingsDecoder.formats) }
    replay.size = size()
    replay.rate = Double(integer(1...100_000)) / 100
    replay.loop = .random(using: &self)
    return replay
  }

  private mutating func any(of values: [String]) -> String { values[integer(0...values.count - 1)] }
}

/// A value to write: text in quotes where it stands alone, else as it is.
private indirect enum Written {
  case text(String)
  case plain(String)
  case list([Written])
  case group([(String, Written)])

  var flow: String {
    switch self {
    case .text(let text): "'\(text.replacing("'", with: "''"))'"
    case .plain(let text): text
    case .list(let items): "[\(items.map(\.flow).joined(separator: ", "))]"
    case .group(let keys):
      "{\(keys.map { "'\($0.0)': \($0.1.flow)" }.joined(separator: ", "))}"
    }
  }

  func block(_ indent: String) -> String {
    switch self {
    case .group(let keys) where !keys.isEmpty:
      keys.map { "\n\(indent)\($0.0): \($0.1.block(indent + "  "))" }.joined()
    case .list(let items) where !items.isEmpty:
      items.map { "\n\(indent)- \($0.flow)" }.joined()
    default: flow
    }
  }
}

extension Settings {
  fileprivate func yaml(isFlow: Bool) -> String {
    let root = Written.group([
      ("node", .text(node)), ("log", .group([("level", .plain(log.level.rawValue))])),
      ("kafka", kafka.written), ("delivery", delivery.written),
      ("spool", spool?.written ?? .plain("off")), ("analysis", analysis.written),
      ("status", status.written),
      ("cameras", .group(cameras.map { ($0.name, $0.written) })),
    ])
    return isFlow ? root.flow : root.block("")
  }
}

extension KafkaSettings {
  fileprivate var written: Written {
    .group([
      ("brokers", .list(brokers.map { .text($0) })), ("prefix", .text(prefix)),
      (
        "topics",
        .group(Topic.all(Analysers.keys).map { ($0.rawValue, .plain(topics[$0] ?? "off")) })
      ),
      ("properties", .group(properties.map { ($0, .text($1)) })),
      ("secrets", .group(secretFiles.map { ($0, .text($1)) })),
    ])
  }
}

extension DeliverySettings {
  fileprivate var written: Written {
    .group([
      ("memory", .plain("\(memoryMax) B")),
      ("outage_after", .plain("\(Int((outageAfter * 1000).rounded())) ms")),
      ("age_max", .plain(ageMax.map { "\(Int($0)) s" } ?? "off")),
      ("shutdown_budget", .plain("\(shutdownBudget) s")),
    ])
  }
}

extension SpoolSettings {
  fileprivate var written: Written {
    var keys: [(String, Written)] = [
      ("folder", .text(folder)), ("quota", .plain("\(quota) B")),
      ("segment", .plain("\(segment) B")),
      ("frames_age_max", .plain(framesAgeMax.map { "\(Int($0)) s" } ?? "off")),
      ("events_age_max", .plain(eventsAgeMax.map { "\(Int($0)) s" } ?? "off")),
      ("thin", .plain("\(thin)")), ("order", .plain(order.rawValue)),
      ("replay_rate", .plain("\(replayRate) B")), ("replay_jitter", .plain("\(replayJitter) s")),
      ("commit_interval", .plain("\(commitInterval) s")),
      ("retry_interval", .plain("\(retryInterval) s")), ("dead_quota", .plain("\(deadQuota) B")),
    ]
    if let framesQuota { keys.append(("frames_quota", .plain("\(framesQuota) B"))) }
    keys.append(("copies_quota", .plain("\(copiesQuota) B")))
    if let keyFile { keys.append(("key_file", .plain(keyFile))) }
    return .group(keys)
  }
}

extension StatusSettings {
  fileprivate var written: Written {
    .group([
      ("socket", .plain(socket ?? "off")),
      ("listen", .text(listen.map { "\($0.host):\($0.port)" } ?? "off")),
      ("token_file", .plain(tokenFile ?? "off")),
    ])
  }
}

extension CameraSettings {
  fileprivate var written: Written {
    var keys: [(String, Written)] = []
    switch source {
    case .device(let device): keys = device.written
    case .replay(let replay): keys = [("replay", replay.written)]
    }
    keys += [
      ("quality", .plain("\(quality)")), ("chroma", .plain(chroma.rawValue)),
      ("range", .plain(range.rawValue)), ("fit", .plain(fit.rawValue)),
      ("verify", .plain(verify.rawValue)),
      (
        "masks",
        .list(
          masks.enumerated().map { index, mask in
            index % 2 == 0
              ? .text("\(mask.width)x\(mask.height)+\(mask.x)+\(mask.y)")
              : .group([
                ("x", .plain("\(mask.x)")), ("y", .plain("\(mask.y)")),
                ("width", .plain("\(mask.width)")), ("height", .plain("\(mask.height)")),
              ])
          })
      ),
    ]
    keys.append(("publish", publish.written))
    if let scale { keys.append(("scale", scale.written)) }
    keys += Analysers.keys.map { table in
      (table.name, analysers[table.name]?.written(table) ?? .plain("off"))
    }
    return .group(keys)
  }
}

extension PublishSettings {
  fileprivate var written: Written {
    var keys: [(String, Written)] = [
      ("hold", .plain("\(hold) s")), ("before", .plain("\(before) s")),
      ("memory", .plain("\(memoryMax) B")), ("check_rate", .plain("\(checkRate)")),
      ("still_rate", .plain(stillRate.map { "\($0) fps" } ?? "off")),
    ]
    if let rate { keys.append(("rate", .plain("\(rate)/s"))) }
    return .group(keys)
  }
}

extension AnalysisSettings {
  fileprivate var written: Written {
    var keys: [(String, Written)] = [
      ("nice", .plain("\(nice)")), ("models", .text(models)), ("gallery", .text(gallery)),
    ]
    if let workers { keys.append(("workers", .plain("\(workers)"))) }
    return .group(keys)
  }
}

extension AnyOptions {
  fileprivate func written(_ table: KeyTable) -> Written {
    .group(
      zip(values, table.entries).compactMap { key, entry in
        switch (entry.kind, key.value) {
        case (.area, .off): nil
        case (.duration, _): (key.name, .plain("\(key.value.text) s"))
        case (.area, _), (.size, _), (.text, _): (key.name, .text(key.value.text))
        case (.list, .list(let values)): (key.name, .list(values.map { .text($0.text) }))
        default: (key.name, .plain(key.value.text))
        }
      })
  }
}

extension KeyArea {
  fileprivate init(_ mask: CameraSettings.Mask) {
    self.init(x: mask.x, y: mask.y, width: mask.width, height: mask.height)
  }
}

extension CameraSettings.Size {
  fileprivate var written: Written { .plain("\(width)x\(height)") }
}

extension DeviceSettings {
  fileprivate var written: [(String, Written)] {
    var keys: [(String, Written)] = [
      ("device", .text(device)), ("buffers", .plain("\(buffers)")),
      ("controls", .group(controls.map { ($0.name, .text($0.value)) })),
    ]
    if let format { keys.append(("format", .text(format))) }
    if let size { keys.append(("size", size.written)) }
    if let rate { keys.append(("rate", .plain("\(rate)"))) }
    if let timeout { keys.append(("timeout", .plain("\(timeout) s"))) }
    return keys
  }
}

extension ReplaySettings {
  fileprivate var written: Written {
    var keys: [(String, Written)] = [
      ("path", .text(path)), ("rate", .plain("\(rate)")), ("loop", .plain("\(loop)")),
    ]
    if let format { keys.append(("format", .plain(format))) }
    if let size { keys.append(("size", size.written)) }
    return .group(keys)
  }
}
