import Testing
import YAML

@testable import Settings

@Suite struct ErrorTests {
  static let general: [Fault] = [
    .below("nod: a", 1, "there is no key \"nod\"; did you mean \"node\"?"),
    .below("Kafka: {}", 1, "there is no key \"Kafka\"; did you mean \"kafka\"?"),
    .below(
      "zebra: a", 1,
      "there is no key \"zebra\"; known here: analysis, cameras, control, delivery, kafka, log, node, spool, status"
    ),
    .below(
      "node: a b", 7,
      "node: \"a b\" is no name; use 1 to 63 of letters, digits, '.', '_' and '-'"),
    .below(
      "node: ..", 7, "node: \"..\" is no name; use 1 to 63 of letters, digits, '.', '_' and '-'"),
    .below("node:", 6, "node: text belongs here, not nothing"),
    .below("node: ~", 7, "node: text belongs here, not nothing"),
    .below("node: [a]", 7, "node: text belongs here, not a list"),
    .below("node: {a: b}", 7, "node: text belongs here, not a group of keys"),
    .below("log: info", 6, "log: a group of keys belongs here, not \"info\""),
    .below("log: {levle: info}", 7, "log: there is no key \"levle\"; did you mean \"level\"?"),
    .below(
      "log: {level: loud}", 14,
      "log.level: \"loud\" is not known; give one of debug, info, notice, warning, error"),
    .below(
      "log: {level: [info]}", 14,
      "log.level: one of debug, info, notice, warning, error belongs here, not a list"),
    Fault(
      text: "node: a\n", line: 1, column: 1,
      message: "cameras: there is no camera; add one: cameras: {front: {device: /dev/video0}}"),
    Fault(
      text: "node: a\ncameras: {}\n", line: 2, column: 1,
      message: "cameras: there is no camera; add one: cameras: {front: {device: /dev/video0}}"),
    Fault(
      text: "", line: 1, column: 1,
      message: "cameras: there is no camera; add one: cameras: {front: {device: /dev/video0}}"),
    Fault(
      text: "hello\n", line: 1, column: 1,
      message: "a group of keys belongs here, not \"hello\""),
  ]

  static let delivery: [Fault] = [
    .below(
      "delivery: {memory: 32}", 20,
      "delivery.memory: \"32\" is no size; give one with a unit, such as 32 MiB"),
    .below(
      "delivery: {memory: 32 MiO}", 20,
      "delivery.memory: \"32 MiO\" is no size; give one with a unit, such as 32 MiB"),
    .below(
      "delivery: {memory: 1 kB}", 20, "delivery.memory: 1 kB is out of range; give 1 MiB to 4 GiB"),
    .below(
      "delivery: {memory: 5 GiB}", 20,
      "delivery.memory: 5 GiB is out of range; give 1 MiB to 4 GiB"),
    .below(
      "delivery: {memory: []}", 20,
      "delivery.memory: a size such as 32 MiB belongs here, not a list"),
    .below(
      "delivery: {outage_after: 2}", 26,
      "delivery.outage_after: \"2\" is no duration; a unit is missing: did you mean 2 s?"),
    .below(
      "delivery: {outage_after: soon}", 26,
      "delivery.outage_after: \"soon\" is no duration; give one such as 500 ms, 2 s or 5 min"),
    .below(
      "delivery: {outage_after: -2 s}", 26,
      "delivery.outage_after: \"-2 s\" is no duration; give one such as 500 ms, 2 s or 5 min"),
    .below(
      "delivery: {outage_after: 499 ms}", 26,
      "delivery.outage_after: 499 ms is out of range; give 0.5 s to 5 min"),
    .below(
      "delivery: {age_max: never}", 21,
      "delivery.age_max: \"never\" is no duration; give one such as 500 ms, 2 s or 5 min, or off"),
    .below(
      "delivery: {age_max: 366 d}", 21,
      "delivery.age_max: 366 d is out of range; give 1 s to 365 d, or off"),
    .below(
      "delivery: {shutdown_budget: 1 h}", 29,
      "delivery.shutdown_budget: 1 h is out of range; give 1 s to 5 min"),
    .below(
      "delivery: {memroy: 1 MiB}", 12,
      "delivery: there is no key \"memroy\"; did you mean \"memory\"?"),
  ]

  static let yaml: [Fault] = [
    Fault(
      text: Fault.camera + "log:\n\tlevel: info\n", line: 3, column: 1,
      message: "a tab begins this line; YAML is indented by blanks"),
    Fault(
      text: Fault.camera + "node: a\nnode: b\n", line: 3, column: 1,
      message: "\"node\" is here a second time; it stands in line 2 already"),
    .below(
      "node: &a b", 7, "anchors (&) and tags (!) are not used here; write the value itself"),
    .below("log: &a {}", 6, "anchors (&) and tags (!) are not used here"),
    .below(
      "node: !!str b", 7, "anchors (&) and tags (!) are not used here; write the value itself"),
    .below("node: *a", 7, "an alias (*) is not used here; write the value itself"),
    .below("---\nnode: a", 1, "a second document begins here; one file holds one configuration"),
    .below("? [a, b]\n: c", 3, "a key must be plain text"),
    .below("node: \"a\\0b\"", 7, "a control character is no text"),
    .below("node: \"a\\e[31mb\"", 7, "a control character is no text"),
    .below(
      "node: \"a\\nb\"", 7,
      "node: \"a\\u{a}b\" has a line break or a tab in it; give one line"),
    .below(
      "node: \"a", 7,
      "not valid YAML: found unexpected end of stream while scanning a quoted scalar"
    ).moved(line: 3, column: 1),
    Fault(
      text: "cameras: {front: {device: /dev/video0}\n", line: 2, column: 1,
      message: "not valid YAML: did not find expected ',' or '}' while parsing a flow mapping"),
    .below("\"\u{202E}\": a", 1, "there is no key \"\\u{202e}\"; \(known)"),
    .below(
      String(repeating: "k", count: 70) + ": a", 1,
      "there is no key \"\(String(repeating: "k", count: 60))…\"; \(known)"),
  ]
  static let status: [Fault] = [
    .below(
      "status: {listen: 0.0.0.0:80}", 18,
      "status.listen: other hosts can reach this address: give token_file, the file of a token that they must know"
    ),
    .below(
      "status: {listen: '[::]:80'}", 18,
      "status.listen: other hosts can reach this address: give token_file, the file of a token that they must know"
    ),
    .below(
      "status: {listen: 'box:80'}", 18,
      "status.listen: \"box:80\" is no address of this box and port; give one such as 127.0.0.1:9117, or 0.0.0.0:9117 with token_file"
    ),
    .below(
      "status: {token_file: /nothing/token}", 22,
      "status.token_file: \"/nothing/token\" cannot be read: No such file or directory"),
    .below(
      "status: {socket: vedette.sock}", 18,
      "status.socket: \"vedette.sock\" does not begin with '/'"),
    .below(
      "status: {sockt: off}", 10,
      "status: there is no key \"sockt\"; did you mean \"socket\"?"),
  ]

  @Test(arguments: status) func `A fault of the status is told with its remedy`(fault: Fault) {
    fault.verify()
  }

  private static let known =
    "known here: analysis, cameras, control, delivery, kafka, log, node, spool, status"

  @Test(arguments: general) func `A general fault is told with place and remedy`(fault: Fault) {
    fault.verify()
  }

  @Test(arguments: delivery) func `A fault of delivery is told with its range`(fault: Fault) {
    fault.verify()
  }

  @Test(arguments: yaml) func `What hides mistakes in YAML is refused`(fault: Fault) {
    fault.verify()
  }

  @Test func `All faults are told at once, in the order of the lines`() {
    #expect(
      faults(
        """
        cameras:
          front:
            quality: 130
            masks: [1]
            devize: /dev/video0
          back: {size: 1280}
          b b: {}
        kafka: {brokers: []}
        log: {level: loud}
        log: {}
        nod: x
        """) == [
          "v.yaml:3:14: cameras.front.quality: 130 is out of range; give a whole number from 1 to 100",
          "v.yaml:4:13: cameras.front.masks[0]: \"1\" is no rectangle; give WIDTHxHEIGHT+X+Y, or x, y, width and height",
          "v.yaml:5:5: cameras.front: there is no key \"devize\"; did you mean \"device\"?",
          "v.yaml:6:3: cameras.back: where do its pictures come from? Give device: /dev/video0, or replay: with a path",
          "v.yaml:6:16: cameras.back.size: \"1280\" is no picture size; give width x height in pixels, such as 1280x720",
          "v.yaml:7:3: cameras: \"b b\" is no camera name; use 1 to 63 of letters, digits, '.', '_' and '-'",
          "v.yaml:8:18: kafka.brokers: no broker is named; give host:port, or a list of them",
          "v.yaml:9:14: log.level: \"loud\" is not known; give one of debug, info, notice, warning, error",
          "v.yaml:10:1: \"log\" is here a second time; it stands in line 9 already",
          "v.yaml:11:1: there is no key \"nod\"; did you mean \"node\"?",
        ])
  }

  @Test func `No more faults are told than anybody reads`() {
    let unknown = faults(Fault.camera + (0..<100).map { "key\($0): 1\n" }.joined())
    #expect(unknown.count == NodeReader.diagnosticsMax)
    let repeated = faults(Fault.camera + (0..<100).map { _ in "node: a\n" }.joined())
    #expect(repeated.count == NodeReader.diagnosticsMax)
  }

  private static let garbage: [(bytes: [UInt8], message: String)] = [
    (
      [UInt8](repeating: UInt8(ascii: "["), count: 100_000),
      "v.yaml:1:33: nested or repeated beyond any sensible configuration"
    ),
    (
      Array(String(repeating: "- \n", count: 100_000).utf8),
      "v.yaml:20000:2: nested or repeated beyond any sensible configuration"
    ),
    (
      [UInt8](repeating: 0x20, count: (1 << 20) + 1),
      "v.yaml:1:1: the file is larger than 1 MiB; is it a configuration?"
    ),
    (
      Array("a: b\nc: \u{7}".utf8),
      "v.yaml:2:4: not valid YAML: control characters are not allowed"
    ),
    ([0x61, 0x00, 0x62], "v.yaml:1:2: not valid YAML: control characters are not allowed"),
    ([0x0A, 0xC3, 0x28], "v.yaml:2:2: not valid YAML: invalid trailing UTF-8 octet"),
    ([0xFF, 0xFE, 0x61, 0x00], "v.yaml:1:1: not valid YAML: invalid leading UTF-8 octet"),
    (
      [0x61, 0x3A, 0x20, 0xF0, 0x9F, 0x92],
      "v.yaml:1:4: not valid YAML: incomplete UTF-8 octet sequence"
    ),
  ]

  @Test(arguments: garbage.indices)
  func `Bytes that are no configuration are refused with their place`(index: Int) {
    let error = #expect(throws: SettingsError.self) {
      try SettingsLoader.parse(Self.garbage[index].bytes, file: "v.yaml")
    }
    #expect(error?.description == Self.garbage[index].message)
  }

  @Test(.timeLimit(.minutes(5))) func `The longest configurations are judged at once`() {
    // As many keys, names and devices as fit: none of them may cost the square of their number.
    let keys = (0..<9_000).map { "\(String(repeating: "k", count: 60))\($0): 1\n" }.joined()
    #expect(faults(keys).count == NodeReader.diagnosticsMax)
    let cameras = (0..<4_000).map { "  c\($0): {device: /dev/none/\($0)}\n" }.joined()
    #expect(throws: Never.self) { try parsed("cameras:\n" + cameras) }
    #expect(throws: Never.self) {
      let text = Array("cameras:\n\(cameras)".utf8)
      _ = try SettingsLoader.parse([("a", text), ("b", text)], folder: ".")
    }
  }
}

extension Fault {
  func moved(line: Int, column: Int) -> Fault {
    Fault(text: text, line: line, column: column, message: message)
  }
}
