import Analysers
import Analysis
import Foundation
import Meters
import Testing

@testable import Status

/// What is written beside the code says what the code does.
@Suite struct DocumentTests {
  private func document(_ name: String) throws -> String {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../..")
    return try String(contentsOf: root.appendingPathComponent(name), encoding: .utf8)
  }

  /// All names of metrics, of a box that has everything.
  private var names: Set<String> {
    let types = fullBox.metrics.split(separator: "\n").filter { $0.hasPrefix("# TYPE") }
    return Set(types.map { String($0.split(separator: " ")[2]) })
  }

  private var fullBox: BoxPicture {
    var box = healthyBox()
    box.gallery = GalleryView()
    box.control = ControlView()
    var camera = AnalysisView.Camera(name: "front")
    camera.analysers = [AnalysisView.Analyser(name: "faces", pictures: 1, failed: 0, seconds: 1)]
    camera.counters = Analysers.counters.map {
      AnalysisView.Counter(name: $0.name, help: $0.help, value: 1)
    }
    var timing = Timing()
    timing.count = 1
    (camera.time, camera.latency) = (timing, timing)
    (box.cameras[0].latency, box.cameras[0].encode) = (timing, timing)
    var analysis = AnalysisView()
    analysis.cameras = [camera]
    analysis.tallies = Analysers.tallies.map {
      AnalysisView.Tally(name: $0.name, label: $0.label, help: $0.help, values: [("a", 1)])
    }
    box.analysis = analysis
    box.spool?.oldestAge = 1
    box.system.temperature = 50
    box.system.diskSize = 1
    return box
  }

  @Test func `Every metric is documented in its own words, and every documented one is there`()
    throws
  {
    let text = try document("docs/metrics.md")
    let documented = text.matches(of: #/(?m)^\| `([a-z_]+)` \|.*\| (.*) \|$/#)
    // Those that analysers declare are told by `vedette analysers`.
    let declared = Set(Analysers.counters.map { "vedette_analysis_\($0.name)_total" })
    let tallied = Set(Analysers.tallies.map { "vedette_\($0.name)_total" })
    #expect(names.isSuperset(of: tallied))
    for name in tallied { #expect(text.contains("`\(name)`")) }
    #expect(names.isSuperset(of: declared) && text.contains("`vedette_analysis_NAME_total`"))
    #expect(
      Set(documented.map { String($0.1) }) == names.subtracting(declared).subtracting(tallied))
    let helps = Set(fullBox.metrics.split(separator: "\n").filter { $0.hasPrefix("# HELP") })
    for row in documented { #expect(helps.contains("# HELP \(row.1) \(row.2)"), "\(row.1)") }
  }

  @Test(arguments: ["etc/prometheus/vedette.rules.yml", "etc/grafana/vedette.json"])
  func `Rules and dashboard ask for metrics that are there`(file: String) throws {
    let text = try document(file)
    let asked = Set(text.matches(of: #/vedette_[a-z_]+/#).map { String($0.0) })
    let known = names.union(names.flatMap { [$0 + "_sum", $0 + "_count"] })
    #expect(asked.subtracting(known).isEmpty, "\(asked.subtracting(known))")
    #expect(!asked.isEmpty)
  }

  /// The words of `enum` of the member, in JSON or YAML.
  private func words(_ text: String, after member: Regex<Substring>) -> Set<String> {
    guard let match = text.firstMatch(of: member) else { return [] }
    let list = text[match.range.upperBound...].prefix { $0 != "]" }
    return Set(list.matches(of: #/[a-z_]+/#).map { String($0.0) })
  }

  private let kinds = Set(AlarmKind.allCases.map(\.rawValue))

  @Test func `The runbook has a row and a section for each alarm, and for nothing else`() throws {
    let text = try document("docs/runbook.md")
    let rows = text.matches(of: #/(?m)^\| \[`([a-z_]+)`\]\(#([a-z_]+)\) \|/#)
    #expect(Set(rows.map { String($0.1) }) == kinds && rows.count == kinds.count)
    #expect(rows.allSatisfy { $0.1 == $0.2 })
    let sections = text.matches(of: #/(?m)^## ([a-z_]+)$/#).map { String($0.1) }
    #expect(Set(sections) == kinds && sections.count == kinds.count)
  }

  @Test func `The runbook tells what to do about each way in which frames are lost`() throws {
    let text = try document("docs/runbook.md")
    let section = text.split(separator: "\n## frames_lost\n")[1].split(separator: "\n## ")[0]
    let told = Set(
      section.matches(of: #/(?m)^\d\. (\*[a-z_*, ]+\*):/#)
        .flatMap { $0.1.matches(of: #/[a-z_]+/#).map { String($0.0) } })
    let causes =
      DropReason.allCases.filter { !$0.isIntended }.map { FrameOutcome.Cause.dropped($0) }
      + [.dead, .unbooked, .lostByDriver]
    // Of others the log says why: those of a start or an end.
    let mended = causes.filter { $0.remedy != "the log says why" }.map(\.name)
    #expect(told == Set(mended), "\(told.symmetricDifference(mended))")
  }

  @Test func `The schemas name exactly the alarms that there are`() throws {
    #expect(
      words(try document("schemas/box.json"), after: #/"alarm": \{"enum": \[/#) == kinds)
    #expect(
      words(try document("schemas/alarm.v1.json"), after: #/"alarm": \{\s*"enum": \[/#) == kinds)
  }

  @Test func `The rules alert of each alarm, and the runbook names all other alerts`() throws {
    let rules = try document("etc/prometheus/vedette.rules.yml")
    let alerts = Set(rules.matches(of: #/- alert: ([A-Za-z]+)/#).map { String($0.1) })
    let ofAlarms = Set(
      AlarmKind.allCases.map { kind in
        "Vedette" + kind.rawValue.split(separator: "_").map(\.capitalized).joined()
      })
    #expect(ofAlarms.subtracting(alerts).isEmpty, "\(ofAlarms.subtracting(alerts))")
    let runbook = try document("docs/runbook.md")
    for alert in alerts.subtracting(ofAlarms) {
      #expect(runbook.contains("- **\(alert)**"), "\(alert)")
    }
  }

  @Test func `README names exactly the reasons that frames are dropped for`() throws {
    let reasons = Set(DropReason.allCases.map(\.rawValue))
    let readme = try document("README.md")
    let table = readme.split(separator: "| dropped for | because |")[1].split(separator: "\n\n")[0]
    let rows = table.matches(of: #/(?m)^\| (`[a-z_`, ]+) \|/#)
    let named = rows.flatMap { $0.1.matches(of: #/[a-z_]+/#).map { String($0.0) } }
    #expect(Set(named) == reasons && named.count == reasons.count)
  }

  @Test func `The schema names exactly the states that a camera has`() throws {
    #expect(
      words(try document("schemas/box.json"), after: #/"state": \{"enum": \["opening/#)
        .union(["opening"]) == Set(CameraState.allCases.map(\.rawValue)))
  }

  @Test func `The identity is the same wherever it is written`() throws {
    for file in ["README.md", "schemas/box.json"] {
      #expect(
        try document(file).contains(
          "captured = in_pipeline + delivered + in_memory + in_flight + spooled + dead + "),
        "\(file)")
    }
  }
}
