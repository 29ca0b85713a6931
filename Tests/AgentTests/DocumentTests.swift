import Analysers
import Analysis
import Control
import Documents
import FaceAnalyser
import Foundation
import Gallery
import Meters
import Settings
import Status
import Keys
import Testing

@testable import Agent

/// What is written beside the code says what the code does.
@Suite struct DocumentTests {
  private func document(_ name: String) throws -> String {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../..")
    return try String(contentsOf: root.appendingPathComponent(name), encoding: .utf8)
  }

  private func object(_ text: String) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  /// The part of the README between two marks.
  private func part(_ text: String, from: String, to: String) throws -> Substring {
    let start = try #require(text.range(of: from)).upperBound
    let rest = text[start...]
    return rest[..<(try #require(rest.range(of: to)).lowerBound)]
  }

  private func words(_ text: Substring, _ pattern: Regex<Substring>) -> [String] {
    text.matches(of: pattern).map { String($0.0) }
  }

  @Test func `Each command that README explains is there, with a schema`() throws {
    let table = try part(try document("README.md"), from: "| command | |\n", to: "\n\n")
    let rows = table.split(separator: "\n").dropFirst().compactMap {
      $0.split(separator: "|").first
    }
    let ofAnalysers = "`NAME.set` of each analyser (`faces.set`)"
    #expect(rows.contains { $0.contains(ofAnalysers) })
    let named = rows.flatMap { words($0.replacing(ofAnalysers, with: "")[...], #/[a-z.]+/#) }
    let all = CommandType.allCases.map(\.rawValue)
    #expect(named.count > 15 && Set(named).isSubset(of: all))
    for type in all + ["analyser.set"] {
      #expect(throws: Never.self) { try document("schemas/\(type).json") }
    }
  }

  @Test func `README names exactly the reasons that messages are not obeyed for`() throws {
    let all = Set(Rejection.Reason.allCases.map(\.rawValue))
    let text = try document("README.md")
    let list = try part(text, from: "answered with the\nreason: `", to: "`")
    #expect(Set(words(list, #/[a-z_]+/#)) == all)
  }

  @Test func `Who a face is, is decided alike by the agent, the commands and the README`() throws {
    let options = FaceOptions()
    let match = MatchSettings()
    #expect(options.probability == match.probability && options.distance == match.threshold)
    let text = try document("README.md")
    #expect(text.contains("where the probability reaches \(match.probability) and"))
    #expect(text.contains("no farther than the threshold (\(match.threshold); smaller"))
  }

  @Test
  func `What analysers send has its schema, and no schema is of an analyser that there is not`()
    throws
  {
    var declared: [String: [String]] = [:]
    for kind in Analysers.all {
      for output in kind.outputs { declared[output.type] = [kind.name, output.topic] }
    }
    var published: [String: [String]] = [:]
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../schemas")
    for file in try FileManager.default.contentsOfDirectory(atPath: root.path)
    where file.hasSuffix(".json") && !file.hasSuffix(".example.json") {
      let schema = try object(try document("schemas/\(file)"))
      guard let analyser = schema["x-analyser"] as? String else { continue }
      let properties = try #require(schema["properties"] as? [String: [String: Any]])
      let type = try #require((properties["type"] ?? properties["ce_type"])?["const"] as? String)
      published[type] = [analyser, schema["x-topic"] as? String ?? ""]
    }
    #expect(published == declared)
  }

  @Test func `The list of analysers tells what they send and count`() {
    let lines = AnalyserReference.lines
    for output in Analysers.outputs {
      #expect(lines.contains("  sends \(output.type) to the topic \(output.topic)"))
    }
    for counter in Analysers.counters {
      #expect(lines.contains("  counts \(counter.name): \(counter.help)"))
    }
  }

  /// A box with all that it can have.
  private var box: BoxPicture {
    var box = BoxPicture()
    var camera = CameraView(name: "front")
    camera.asked = StreamSetting(format: "mjpeg", width: 640, height: 480, rate: 30)
    camera.negotiated = camera.asked
    box.cameras = [camera]
    box.spool = SpoolView()
    var analysis = AnalysisView()
    var seen = AnalysisView.Camera(name: "front")
    seen.analysers = [AnalysisView.Analyser(name: "faces", pictures: 1, failed: 0, seconds: 1)]
    seen.counters = Analysers.counters.map {
      AnalysisView.Counter(name: $0.name, help: $0.help, value: 1)
    }
    seen.rows = Analysers.rows.map { row in
      let value: AnalysisView.Row.Value =
        switch row.empty {
        case .words: .words(["Ada"])
        case .swatches: .swatches([AnalysisView.Swatch(rgb: "#000000", share: 1)])
        }
      return AnalysisView.Row(name: row.name, title: row.title, value: value)
    }
    analysis.cameras = [seen]
    box.analysis = analysis
    box.gallery = GalleryView()
    var control = ControlView()
    control.last = ControlView.Answer(id: "a", command: "ping", issuer: "ops", state: "succeeded")
    box.control = control
    box.certificates = [CertificateView(path: "box.pem", expires: 0)]
    box.alarms = [
      Alarm(
        kind: .outage, subject: "", severity: .warning, sentence: "so", raisedAt: 0, raisedWall: 0)
    ]
    return box
  }

  @Test func `The status has exactly the members that its schema has, all the way down`() throws {
    let schema = try object(try document("schemas/box.json"))
    var differences: [String] = []
    compare(try object(box.json.line), schema, schema, "status", &differences)
    #expect(differences.isEmpty, "\(differences)")
  }

  @Test func `What systemctl reload sends is what the configuration is read again for`() throws {
    let unit = try document("systemd/vedetted.service").split(separator: "\n")
    #expect(unit.contains(#"ExecReload=+/bin/sh -c "kill -HUP ${MAINPID}""#))
  }

  private func compare(
    _ value: Any, _ part: [String: Any], _ schema: [String: Any], _ path: String,
    _ differences: inout [String]
  ) {
    var part = part
    if let reference = part["$ref"] as? String, let name = reference.split(separator: "/").last,
      let definitions = schema["$defs"] as? [String: [String: Any]]
    {
      part = definitions[String(name)] ?? [:]
    }
    if let list = value as? [Any], let items = part["items"] as? [String: Any] {
      for item in list { compare(item, items, schema, "\(path)[]", &differences) }
    }
    guard let members = value as? [String: Any],
      let properties = part["properties"] as? [String: [String: Any]]
    else { return }
    var written = Set(members.keys)
    let required = Set(part["required"] as? [String] ?? [])
    // Members of others, by one schema for all, are those that analysers declare.
    if part["additionalProperties"] is [String: Any] {
      let declared = Analysers.counters.map(\.name) + Analysers.rows.map(\.name)
      written.subtract(Set(declared).subtracting(properties.keys))
    }
    if written != Set(properties.keys) {
      differences.append("\(path): \(written.symmetricDifference(properties.keys).sorted())")
    }
    if written != required {
      differences.append(
        "\(path): required: \(written.symmetricDifference(required).sorted())")
    }
    for (key, member) in members {
      if let property = properties[key] {
        compare(member, property, schema, "\(path).\(key)", &differences)
      }
    }
  }

  @Test func `A stream of records is no camera, and has no state`() throws {
    let meters = StreamMeters(name: "events")
    meters.ledger.capture()
    let members = try object(meters.ledgerJSON.line)
    #expect(members["state"] == nil && members["fps"] == nil && members["captured"] as? Int == 1)
    let camera = try object(CameraMeters(name: "front").ledgerJSON.line)
    #expect(camera["state"] as? String == "opening")
  }
}
