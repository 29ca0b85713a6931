import Testing

@testable import Settings

/// A configuration and the one error that it must give, place included.
struct Fault: CustomTestStringConvertible {
  var text: String
  var line: Int
  var column: Int
  var message: String

  var testDescription: String { message }
}

@Suite struct ErrorTests {
  static let camera = "cameras: {front: {device: /dev/video0}}\n"

  private static func front(_ more: String, _ column: Int, _ message: String) -> Fault {
    Fault(
      text: "cameras:\n  front:\n    device: /dev/video0\n    \(more)\n", line: 4, column: column,
      message: message)
  }

  static let faults = [
    Fault(
      text: camera + "nod: a\n", line: 2, column: 1,
      message: "there is no key \"nod\"; did you mean \"node\"?"),
    Fault(
      text: camera + "zebra: a\n", line: 2, column: 1,
      message: "there is no key \"zebra\"; known here: cameras, delivery, kafka, log, node"),
    Fault(
      text: camera + "node: a b\n", line: 2, column: 7,
      message: "node: \"a b\" is no name; use 1 to 63 of letters, digits, '.', '_' and '-'"),
    Fault(
      text: camera + "log: {level: loud}\n", line: 2, column: 14,
      message: "log.level: \"loud\" is not known; give one of debug, info, notice, warning, error"),
    Fault(
      text: camera + "kafka: [a]\n", line: 2, column: 8,
      message: "kafka: a group of keys belongs here, not a list"),
    Fault(
      text: camera + "kafka: {brokers: 'host:99999'}\n", line: 2, column: 18,
      message: "kafka.brokers: \"host:99999\" is no broker; give host:port, such as kafka-1:9092"),
    Fault(
      text: camera + "kafka: {brokers: []}\n", line: 2, column: 18,
      message: "kafka.brokers: no broker is named; give host:port, or a list of them"),
    Fault(
      text: camera + "kafka:\n  properties:\n    sasl.password: hunter2\n", line: 4, column: 5,
      message:
        "kafka.properties.sasl.password: a secret does not belong here; write it to a file and name that under kafka.secrets"
    ),
    Fault(
      text: camera + "kafka: {properties: {acks: 0}}\n", line: 2, column: 28,
      message:
        "kafka.properties.acks: without acknowledgements no frame's fate is known; give all, or 1 if you must"
    ),
    Fault(
      text: camera + "kafka: {properties: {bootstrap.servers: x}}\n", line: 2, column: 22,
      message: "kafka.properties.bootstrap.servers: the agent sets this itself; use kafka.brokers"),
    Fault(
      text: camera + "kafka: {secrets: {sasl.password: /nonexistent/secret}}\n", line: 2,
      column: 34,
      message:
        "kafka.secrets.sasl.password: /nonexistent/secret cannot be read: No such file or directory"
    ),
    Fault(
      text: camera + "delivery: {memory: 32}\n", line: 2, column: 20,
      message: "delivery.memory: \"32\" is no size; give one with a unit, such as 32 MiB"),
    Fault(
      text: camera + "delivery: {memory: 1 kB}\n", line: 2, column: 20,
      message: "delivery.memory: 1 kB is out of range; give 1 MiB to 4096 MiB"),
    Fault(
      text: camera + "delivery: {outage_after: 2}\n", line: 2, column: 26,
      message: "delivery.outage_after: \"2\" is no duration; a unit is missing: did you mean 2 s?"),
    Fault(
      text: camera + "delivery: {shutdown_budget: 1 h}\n", line: 2, column: 29,
      message: "delivery.shutdown_budget: 1 h is out of range; give 1 s to 300 s"),
    front("qualty: 80", 5, "cameras.front: there is no key \"qualty\"; did you mean \"quality\"?"),
    front(
      "quality: 130", 14,
      "cameras.front.quality: 130 is out of range; give a whole number from 1 to 100"),
    front(
      "quality: high", 14,
      "cameras.front.quality: \"high\" is no whole number; give a whole number from 1 to 100"),
    front(
      "size: 1280", 11,
      "cameras.front.size: \"1280\" is no picture size; give width x height in pixels, such as 1280x720, each 1 to 16384"
    ),
    front(
      "rate: fast", 11,
      "cameras.front.rate: \"fast\" is no rate; give frames per second, such as 30 or 29.97"),
    front("rate: 0", 11, "cameras.front.rate: 0 is out of range; give 0.01 to 1000 fps"),
    front(
      "chroma: 4:4:4", 13,
      "cameras.front.chroma: \"4:4:4\" is not known; give one of auto, 4:2:0, 4:2:2"),
    front(
      "format: jpg", 13,
      "cameras.front.format: \"jpg\" is no format; give one of yuyv, uyvy, yvyu, nv12, nv21, nv16, yu12, grey, rgb24, bgr24, mjpeg, or fourcc:XXXX for one that libv4l2 converts"
    ),
    front(
      "masks: [{x: 1, y: 1, width: 0, height: 5}]", 13,
      "cameras.front.masks[0]: a mask needs a width and a height above 0, and lies within 16384 pixels"
    ),
    front(
      "replay: /tmp", 5, "cameras.front: a camera is either a device or a replay, not both"),
    Fault(
      text:
        "cameras:\n  front: {device: /dev/video0, size: 640x480, masks: [100x100+600+0]}\n",
      line: 2,
      column: 54,
      message: "cameras.front.masks[0]: 100x100+600+0 reaches outside the frame of 640x480"),
    Fault(
      text: "cameras:\n  a: {device: /dev/null}\n  b: {device: /dev/../dev/null}\n", line: 3,
      column: 3,
      message:
        "cameras.b: /dev/../dev/null is the device of camera \"a\" already; a device has one camera"
    ),
    Fault(
      text: "cameras:\n  front: {quality: 80}\n", line: 2, column: 3,
      message:
        "cameras.front: where do its pictures come from? Give device: /dev/video0, or replay: with a path"
    ),
    Fault(
      text: "cameras: {yard: {replay: {path: /tmp/x, format: nv12}}}\n", line: 1, column: 26,
      message: "cameras.yard.replay: raw frames have no header: give their size, such as 1280x720"),
    Fault(
      text: "cameras: {yard: {replay: /tmp/x, buffers: 4}}\n", line: 1, column: 34,
      message:
        "cameras.yard.buffers: this is for a device; a replay has format, size and rate under replay:"
    ),
    Fault(
      text: "node: a\n", line: 1, column: 1,
      message:
        "cameras: there is no camera; add one: cameras: {front: {device: /dev/video0}}"),
    Fault(
      text: camera + "log:\n\tlevel: info\n", line: 3, column: 1,
      message:
        "not valid YAML: found character that cannot start any token while scanning for the next token"
    ),
    Fault(
      text: camera + "node: a\nnode: b\n", line: 3, column: 1,
      message: "\"node\" is here a second time; it stands in line 2 already"),
    Fault(
      text: camera + "node: &a b\n", line: 2, column: 7,
      message: "anchors (&) and tags (!) are not used here; write the value itself"),
    Fault(
      text: camera + "node: *a\n", line: 2, column: 7,
      message: "an alias (*) is not used here; write the value itself"),
    Fault(
      text: camera + "---\nnode: a\n", line: 2, column: 1,
      message: "a second document begins here; one file holds one configuration"),
  ]

  @Test(arguments: faults)
  func `Each fault is told with its place and its remedy`(fault: Fault) throws {
    let error = #expect(throws: SettingsError.self) {
      try SettingsLoader.parse(Array(fault.text.utf8), file: "v.yaml")
    }
    #expect(
      error?.diagnostics == [
        Diagnostic(file: "v.yaml", line: fault.line, column: fault.column, message: fault.message)
      ])
  }

  @Test func `All faults are told at once, up to a bound`() {
    let text = Self.camera + (0..<100).map { "key\($0): 1\n" }.joined()
    let error = #expect(throws: SettingsError.self) {
      try SettingsLoader.parse(Array(text.utf8), file: "v.yaml")
    }
    #expect(error?.diagnostics.count == NodeReader.diagnosticsMax)
    #expect(error?.diagnostics.map(\.line) == Array(2..<2 + NodeReader.diagnosticsMax))
  }

  @Test(arguments: [
    [UInt8](repeating: UInt8(ascii: "["), count: 100_000), [0xFF, 0xFE, 0x00], [0x61, 0x00, 0x62],
    [UInt8](repeating: 0x20, count: (1 << 20) + 1), Array("a: \u{1F4A9}\u{7}".utf8), [0xC3, 0x28],
  ])
  func `Bytes that are no configuration are refused`(bytes: [UInt8]) {
    #expect(throws: SettingsError.self) { try SettingsLoader.parse(bytes, file: "v.yaml") }
  }
}
