import Analysers
import Foundation
import Frames
import Keys
import Testing
import YAML

@testable import Settings

@Suite struct LoadingTests {
  private func parse(_ text: String) throws -> Settings {
    try parsed(text).settings
  }

  /// What holds where nothing is said, analysers' topics among it.
  private static let kafka: KafkaSettings = {
    var kafka = KafkaSettings()
    for topic in Topic.all(Analysers.keys) { kafka.topics[topic] = topic.rawValue }
    return kafka
  }()

  @Test func `The example works as it is`() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let path = root.appendingPathComponent("etc/vedette.yaml").path
    let loaded = try SettingsLoader.load(path: path, analysers: Analysers.keys)
    #expect(loaded.warnings.isEmpty)
    #expect(loaded.settings.cameras.map(\.name) == ["front"])
    #expect(loaded.settings.kafka.brokers == ["localhost:9092"])
  }

  @Test func `README and the example list the formats that are read`() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let names = PixelFormat.allCases.map(\.rawValue)
    for (name, separator) in [("README.md", ", "), ("etc/vedette.yaml", " ")] {
      let text = try String(
        contentsOfFile: root.appendingPathComponent(name).path, encoding: .utf8)
      #expect(text.contains(" \(names.joined(separator: separator)), "), "\(name)")
    }
  }

  @Test func `Every key of the example is right when it is switched on`() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(
      contentsOfFile: root.appendingPathComponent("etc/vedette.yaml").path, encoding: .utf8)
    // Before commented keys stands # alone, or # and their indentation; before prose, # and one blank.
    let lines = text.split(separator: "\n").map { line in
      let indent = line.prefix { $0 == " " }
      let body = line.dropFirst(indent.count)
      let isKey = body.hasPrefix("#  ") || body.dropFirst().first?.isLetter == true
      return body.hasPrefix("#") && isKey ? "\(indent)\(body.dropFirst())" : String(line)
    }
    let on = lines.joined(separator: "\n")
      .replacing("/etc/vedette/secrets/key-password", with: "/dev/null")
      .replacing("/etc/vedette/secrets/kafka-password", with: "/dev/null")
      .replacing("token_file: off", with: "token_file: /dev/null")
    let settings = try parse(on)
    #expect(settings.cameras.map(\.name) == ["front", "replayed", "raw"])
    #expect(settings.cameras.first?.masks.count == 1)
    #expect(settings.kafka.properties["security.protocol"] == "ssl")
  }

  @Test func `The example's values that are switched off are the defaults`() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(
      contentsOfFile: root.appendingPathComponent("etc/vedette.yaml").path, encoding: .utf8)
    // Groups are switched on, and of their keys those that are no example of a value that one may want.
    let examples = [
      "node:", "security.protocol", "ssl.", "sasl.", "properties:", "secrets:", "format:", "size:",
      "rate: 30 ", "still_rate", "brightness", "auto_exposure", "controls:", "publish_rate",
      "scale:", "masks:",
      "region:", "frames_quota", "key_file", "labels: {", "workers:", "timeout:", "replayed:",
      "raw:", "replay:",
    ]
    let lines = text.split(separator: "\n").compactMap { line -> String? in
      let indent = line.prefix { $0 == " " }
      let body = line.dropFirst(indent.count)
      let isKey = body.hasPrefix("#  ") || body.dropFirst().first?.isLetter == true
      guard body.hasPrefix("#") else { return String(line) }
      guard isKey, body.firstMatch(of: #/^# *(- )?[a-z_.]+:/#) != nil,
        !examples.contains(where: { body.drop { "# ".contains($0) }.hasPrefix($0) })
      else { return nil }
      return "\(indent)\(body.dropFirst())"
    }
    let settings = try parse(lines.joined(separator: "\n"))
    var defaults = Settings(node: settings.node)
    defaults.control = ControlSettings()
    defaults.kafka = Self.kafka
    defaults.spool = SpoolSettings(folder: "/var/lib/vedette/spool")
    var camera = CameraSettings(
      name: "front", source: .device(DeviceSettings(device: "/dev/video0")))
    for table in Analysers.keys { camera.analysers[table.name] = table.options([:]) }
    defaults.cameras = [camera]
    #expect(settings.log == defaults.log && settings.kafka == defaults.kafka)
    #expect(settings.delivery == defaults.delivery && settings.spool == defaults.spool)
    #expect(settings.status == defaults.status && settings.analysis == defaults.analysis)
    #expect(settings.control == defaults.control)
    #expect(settings.cameras == defaults.cameras)
  }

  @Test func `Units mean what they say`() throws {
    let settings = try parse(
      """
      delivery: {memory: 1.5 MiB, outage_after: 1500 ms, age_max: 2 min, shutdown_budget: 5 s}
      cameras:
        a: {device: x, rate: 30000/1001, publish_rate: 10 fps, timeout: 0.5 min, size: 640x360}
      """)
    #expect(settings.delivery.memoryMax == 1_572_864)
    #expect(settings.delivery.outageAfter == 1.5)
    #expect(settings.delivery.ageMax == 120)
    #expect(settings.cameras[0].publish.rate == 10)
    guard case .device(let device) = settings.cameras[0].source else {
      Issue.record("no device")
      return
    }
    #expect(device.rate == 30_000.0 / 1001 && device.timeout == 30)
    #expect(device.size == CameraSettings.Size(width: 640, height: 360))
  }

  @Test func `What is published while nothing moves has defaults, and a short form beside it`()
    throws
  {
    let settings = try parse(
      """
      cameras:
        a: {device: /dev/video0, publish_rate: 10, publish: {still_rate: 0.5}}
        b: {device: /dev/video1, publish: {rate: 25, still_rate: 2, hold: 10 s, before: 500 ms, check_rate: 5, memory: 4 MiB}}
        c: {device: /dev/video2, publish: {still_rate: off}}
      """)
    var publish = PublishSettings()
    (publish.rate, publish.stillRate) = (10, 0.5)
    #expect(settings.cameras[0].publish == publish)
    #expect(publish.hold == 5 && publish.before == 2 && publish.memoryMax == 16 << 20)
    (publish.rate, publish.stillRate, publish.hold) = (25, 2, 10)
    (publish.before, publish.checkRate, publish.memoryMax) = (0.5, 5, 4 << 20)
    #expect(settings.cameras[1].publish == publish)
    #expect(settings.cameras[2].publish == PublishSettings())
  }

  @Test func `A still rate without effect, and what is without effect without one, is told`() throws
  {
    let warnings = try parsed(
      """
      cameras:
        a: {device: /dev/video0, publish: {rate: 5, still_rate: 5}}
        b: {device: /dev/video1, publish: {hold: 10 s}}
      """
    ).warnings.map(\.message)
    #expect(
      warnings == [
        "cameras.a.publish.still_rate: without effect: it is not below the rate",
        "cameras.b.publish.hold: without effect: there is no still_rate",
      ])
  }

  @Test func `The publish rate is given once`() throws {
    let error = #expect(throws: SettingsError.self) {
      try parse("cameras: {a: {device: x, publish: {rate: 5}, publish_rate: 6}}")
    }
    #expect(
      error?.diagnostics.map(\.message) == [
        "cameras.a.publish_rate: it is the short form of publish: {rate: ...}, which is there too; give one of them"
      ])
  }

  @Test func `Fragments are laid over the main file in the order of their names`() throws {
    let folder = try Folder()
    let main = try folder.write(
      "vedette.yaml",
      """
      kafka: {brokers: [a:1], prefix: one}
      cameras: {front: {device: /dev/video0, quality: 50, masks: [1x1+0+0]}}
      """)
    _ = try folder.write(
      "conf.d/20-b.yaml", "cameras: {front: {quality: 70}, back: {replay: pictures}}")
    _ = try folder.write(
      "conf.d/10-a.yaml", "kafka: {prefix: two}\ncameras: {front: {quality: 60}}")
    _ = try folder.write("conf.d/30-c.yml", "kafka: {prefix: three}")
    let settings = try SettingsLoader.load(path: main).settings
    #expect(settings.kafka.prefix == "three" && settings.kafka.brokers == ["a:1"])
    #expect(settings.cameras.map(\.name) == ["front", "back"])
    #expect(settings.cameras[0].quality == 70 && settings.cameras[0].masks.count == 1)
    guard case .replay(let replay) = settings.cameras[1].source else {
      Issue.record("no replay")
      return
    }
    #expect(replay.path == "\(folder.path)/pictures")
  }

  @Test func `No file in conf.d is passed over in silence`() throws {
    let folder = try Folder()
    let main = try folder.write("vedette.yaml", Fault.camera)
    let leftovers = [
      ".10-a.yaml.swp", "10-a.yaml.dpkg-dist", "10-a.yaml.bak", "10-a.yaml~", "README", ".keep",
    ]
    for name in leftovers { _ = try folder.write("conf.d/\(name)", "not: [yaml") }
    let warnings = try SettingsLoader.load(path: main).warnings.map(\.file)
    #expect(Set(warnings) == Set(leftovers.map { "\(folder.path)/conf.d/\($0)" }))

    let strangers = ["10-masks", "20-masks.json", "30-masks.yaml.txt"]
    for name in strangers { _ = try folder.write("conf.d/\(name)", "node: a\n") }
    let error = #expect(throws: SettingsError.self) { try SettingsLoader.load(path: main) }
    #expect(error?.diagnostics.map(\.file) == strangers.map { "\(folder.path)/conf.d/\($0)" })
    #expect(error?.diagnostics.allSatisfy { $0.message.contains("rename it") } == true)
  }

  @Test(arguments: ["README.yaml", "readme-masks.yml", "10-a.dpkg-old.yaml", "10-A.YAML"])
  func `What ends like a configuration is read, whatever else its name says`(name: String) throws {
    let folder = try Folder()
    let main = try folder.write("vedette.yaml", Fault.camera)
    _ = try folder.write("conf.d/\(name)", "node: read\n")
    let loaded = try SettingsLoader.load(path: main)
    #expect(loaded.settings.node == "read" && loaded.warnings.isEmpty)
  }

  @Test(arguments: ["off", "false", "no"])
  func `A camera is taken away, or made anew, by a file that is laid over`(word: String) throws {
    let folder = try Folder()
    let main = try folder.write(
      "vedette.yaml", "cameras: {front: {device: /dev/video0, quality: 50}}")
    _ = try folder.write("conf.d/10.yaml", "cameras: {front: \(word), yard: {device: /dev/video1}}")
    #expect(try SettingsLoader.load(path: main).settings.cameras.map(\.name) == ["yard"])
    _ = try folder.write("conf.d/20.yaml", "cameras: {front: {replay: pictures}}")
    let cameras = try SettingsLoader.load(path: main).settings.cameras
    #expect(Set(cameras.map(\.name)) == ["front", "yard"])
    // Nothing of the old one is left in it.
    #expect(cameras.first { $0.name == "front" }?.quality == 80)
    _ = try folder.write("conf.d/20.yaml", "cameras: {yard: off}")
    let error = #expect(throws: SettingsError.self) { try SettingsLoader.load(path: main) }
    #expect(error?.description.contains("there is no camera") == true)
  }

  @Test func `Words for yes and no switch topics on and off`() throws {
    for word in ["off", "false", "no", "No", "FALSE"] {
      let settings = try parse("kafka: {topics: {frames: \(word)}}\ncameras: {a: {device: x}}")
      #expect(settings.kafka.name(of: .frames) == nil, "\(word)")
    }
    for word in ["on", "true", "yes", "True"] {
      let settings = try parse("kafka: {topics: {frames: \(word)}}\ncameras: {a: {device: x}}")
      #expect(settings.kafka.name(of: .frames) == "vedette.frames", "\(word)")
    }
    let overlaid = try SettingsLoader.parse(
      [
        ("main", Array("kafka: {topics: {events: off}}\ncameras: {a: {device: x}}".utf8)),
        ("control", Array(#"{"kafka":{"topics":{"events":true,"frames":false}}}"#.utf8)),
      ], folder: ".")
    #expect(overlaid.settings.kafka.name(of: .events) == "vedette.events")
    #expect(overlaid.settings.kafka.name(of: .frames) == nil)
  }

  @Test(arguments: [
    ("kafka: {topics: {frames: events}}", "vedette.events is the topic of events already"),
    ("kafka: {topics: {frames: x, results: x}}", "vedette.x is the topic of frames already"),
    ("kafka: {topics: {control: results}}", "vedette.results is the topic of results already"),
    ("kafka: {prefix: \(String(repeating: "p", count: 240))}", "longer than the 249 letters"),
    ("kafka: {topics: {frames: \(String(repeating: "f", count: 250))}}", "is no topic name"),
    ("kafka: {topics: {frames: 'a b'}}", "is no topic name"),
    ("kafka: {topics: {frames: .}}", "is no topic name"), ("kafka: {prefix: off}", "is no prefix"),
    ("kafka: {prefix: ..}", "is no topic name"),
  ])
  func `Topics have names that Kafka takes, and each its own`(text: String, message: String) {
    let error = #expect(throws: SettingsError.self) {
      try parse("\(text)\ncameras: {a: {device: x}}")
    }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }

  @Test func `A long name is a topic's, too`() throws {
    let name = String(repeating: "f", count: 241)
    let settings = try parse("kafka: {topics: {frames: \(name)}}\ncameras: {a: {device: x}}")
    #expect(settings.kafka.name(of: .frames) == "vedette.\(name)")
  }

  @Test func `A fault in a fragment names the fragment`() throws {
    let folder = try Folder()
    let main = try folder.write("vedette.yaml", "cameras: {front: {device: /dev/video0}}")
    let fragment = try folder.write("conf.d/10.yaml", "cameras:\n  front:\n    quality: 101\n")
    let error = #expect(throws: SettingsError.self) { try SettingsLoader.load(path: main) }
    #expect(error?.diagnostics.map(\.file) == [fragment])
    #expect(error?.diagnostics.map(\.line) == [3])
  }

  @Test func `A file that cannot be read is told with the system's reason`() throws {
    let folder = try Folder()
    let cases = [
      (folder.path, "cannot be opened: Is a directory"),
      ("\(folder.path)/none.yaml", "cannot be opened: No such file or directory"),
      ("\(folder.path)/none/none.yaml", "cannot be opened: No such file or directory"),
    ]
    for (path, message) in cases {
      let error = #expect(throws: SettingsError.self) { try SettingsLoader.load(path: path) }
      #expect(error?.description == "\(path):1:1: \(message)")
    }
    let main = try folder.write("vedette.yaml", Fault.camera)
    try FileManager.default.removeItem(atPath: "\(folder.path)/conf.d")
    #expect(throws: Never.self) { try SettingsLoader.load(path: main) }
    _ = try folder.write("conf.d", "")
    let error = #expect(throws: SettingsError.self) { try SettingsLoader.load(path: main) }
    #expect(error?.description == "\(folder.path)/conf.d:1:1: cannot be read: Not a directory")
  }

  @Test func `Every file that is no YAML is told at once`() throws {
    let folder = try Folder()
    let main = try folder.write("vedette.yaml", "a: &b c\n")
    let one = try folder.write("conf.d/1.yaml", "node: a\n")
    let two = try folder.write("conf.d/2.yaml", "\nnode: *a\n")
    _ = one
    let error = #expect(throws: SettingsError.self) { try SettingsLoader.load(path: main) }
    #expect(
      error?.diagnostics.map { "\($0.file):\($0.line):\($0.column)" } == [
        "\(main):1:4", "\(two):2:7",
      ])
  }

  @Test func `Faults of several files are told in the order of the files`() throws {
    let folder = try Folder()
    let main = try folder.write(
      "vedette.yaml", "log: {level: loud}\ncameras: {a: {device: /dev/video0, quality: 0}}\n")
    let one = try folder.write("conf.d/1.yaml", "nod: a\ncameras: {a: {rate: 0}}\n")
    let two = try folder.write("conf.d/2.yaml", "log: {level: quiet}\n")
    let error = #expect(throws: SettingsError.self) { try SettingsLoader.load(path: main) }
    // What a fragment replaced is not judged.
    #expect(
      error?.diagnostics.map { "\($0.file):\($0.line):\($0.column)" } == [
        "\(main):2:45", "\(one):1:1", "\(one):2:21", "\(two):1:14",
      ])
  }

  @Test func `A group whose keys are commented out takes nothing away`() throws {
    let folder = try Folder()
    let main = try folder.write("vedette.yaml", "kafka: {prefix: one}\n" + Fault.camera)
    _ = try folder.write("conf.d/1.yaml", "kafka:\n  #prefix: two\ncameras:\n")
    _ = try folder.write("conf.d/2.yaml", "# all of it\n")
    let settings = try SettingsLoader.load(path: main).settings
    #expect(settings.kafka.prefix == "one" && settings.cameras.map(\.name) == ["front"])
  }

  @Test
  func
    `A list whose items are commented out takes no mask away, and is warned of where it is all there is`()
    throws
  {
    let folder = try Folder()
    let main = try folder.write(
      "vedette.yaml", "cameras: {front: {device: /dev/video0, masks: [1x1+0+0]}}")
    _ = try folder.write(
      "conf.d/1.yaml", "cameras:\n  front:\n    masks:\n      #- 10x10+0+0\n")
    let laid = try SettingsLoader.load(path: main)
    #expect(laid.settings.cameras[0].masks.count == 1 && laid.warnings.isEmpty)
    _ = try folder.write("conf.d/2.yaml", "cameras: {front: {masks: []}}")
    let emptied = try SettingsLoader.load(path: main)
    #expect(emptied.settings.cameras[0].masks.isEmpty && emptied.warnings.isEmpty)
    _ = try folder.write("vedette.yaml", "cameras: {front: {device: /dev/video0, masks: }}")
    _ = try folder.write("conf.d/2.yaml", "")
    let alone = try SettingsLoader.load(path: main)
    #expect(alone.warnings.map(\.description).contains { $0.contains("nothing is masked here") })
  }

  @Test func `Two files that name one camera's device agree on one camera`() throws {
    let folder = try Folder()
    let main = try folder.write("vedette.yaml", Fault.camera)
    _ = try folder.write("conf.d/1.yaml", "cameras: {front: {device: /dev/video7}}")
    let settings = try SettingsLoader.load(path: main).settings
    #expect(settings.cameras.map(\.source) == [.device(DeviceSettings(device: "/dev/video7"))])
  }

  @Test func `What is left out has its default`() throws {
    let settings = try parse("node: n\n" + Fault.camera)
    var expected = Settings(node: "n")
    expected.kafka = Self.kafka
    expected.cameras = [
      CameraSettings(name: "front", source: .device(DeviceSettings(device: "/dev/video0")))
    ]
    #expect(settings == expected)
    #expect(SettingsDecoder.isName(try parse(Fault.camera).node))
    #expect(try parse("kafka:\nlog: ~\ndelivery: null\nnode: n\n" + Fault.camera) == expected)
  }

  @Test(arguments: ["\u{FEFF}", "%YAML 1.1\n---\n", "\r\n\r\n", "# é\n"])
  func `What editors put before the first key does no harm`(prefix: String) throws {
    let text = "\(prefix)node: n\r\ncameras:\r\n  a:\r\n    device: /dev/video0\r\n"
    #expect(try parse(text).cameras.map(\.name) == ["a"])
  }

  @Test(arguments: [
    ("yuyv", "yuyv"), ("MJPEG", "mjpeg"), ("fourcc:BA81", "fourcc:BA81"),
    ("FOURCC:pRAA", "fourcc:pRAA"), ("fourcc:Y16", "fourcc:Y16"), ("'fourcc:Y16 '", "fourcc:Y16 "),
  ])
  func `Formats are named, or given by their code`(text: String, format: String) throws {
    let settings = try parse("cameras: {a: {device: x, format: \(text)}}")
    guard case .device(let device) = settings.cameras[0].source else {
      Issue.record("no device")
      return
    }
    #expect(device.format == format)
  }

  @Test(arguments: [
    ("500 ms", 0.5), ("2s", 2), ("2 sec", 2), ("1.5 min", 90), ("2 hours", 7200), ("1 d", 86_400),
    ("1 Day", 86_400), ("2", nil), ("s", nil), ("1 week", nil), ("1.2.3 s", nil), ("1e3 s", nil),
    ("", nil), ("inf s", nil), ("٣ s", nil),
  ])
  func `Durations have a unit`(text: String, seconds: Double?) {
    #expect(Units.seconds(text) == seconds)
  }

  @Test(arguments: [
    ("32 MiB", 32 << 20), ("64 MB", 64_000_000), ("100 kB", 100_000), ("1.5KiB", 1536),
    ("4096 B", 4096), ("2 GiB", 2 << 30), ("1 GB", 1_000_000_000), ("32", nil), ("1 TiB", nil),
    ("9999999999 GiB", nil), ("-1 MiB", nil),
  ])
  func `Sizes have a unit`(text: String, bytes: Int?) {
    #expect(Units.bytes(text) == bytes)
  }

  @Test(arguments: [
    ("30", 30), ("29.97", 29.97), ("30 fps", 30), ("30/s", 30), ("15 Hz", 15),
    ("30000/1001", 30_000.0 / 1001), ("30000/1001 fps", 30_000.0 / 1001), ("1/2/3", nil),
    ("/2", nil), ("30/0", nil), ("nan", nil), ("-5", nil), ("fps", nil),
  ])
  func `Rates are frames per second`(text: String, hertz: Double?) {
    #expect(Units.rate(text) == hertz)
  }
}
