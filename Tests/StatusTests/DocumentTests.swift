import Foundation
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
    var box = healthyBox()
    box.gallery = GalleryView()
    var camera = AnalysisView.Camera(name: "front")
    var timing = Timing()
    timing.count = 1
    (camera.time, camera.latency) = (timing, timing)
    (box.cameras[0].latency, box.cameras[0].encode) = (timing, timing)
    var analysis = AnalysisView()
    analysis.cameras = [camera]
    box.analysis = analysis
    box.spool?.oldestAge = 1
    box.system.temperature = 50
    box.system.diskSize = 1
    let types = box.metrics.split(separator: "\n").filter { $0.hasPrefix("# TYPE") }
    return Set(types.map { String($0.split(separator: " ")[2]) })
  }

  @Test func `Every metric is documented, and every documented one is there`() throws {
    let text = try document("docs/metrics.md")
    let documented = Set(text.matches(of: #/(?m)^\| `([a-z_]+)` \|/#).map { String($0.1) })
    #expect(documented == names)
  }

  @Test(arguments: ["etc/prometheus/vedette.rules.yml", "etc/grafana/vedette.json"])
  func `Rules and dashboard ask for metrics that are there`(file: String) throws {
    let text = try document(file)
    let asked = Set(text.matches(of: #/vedette_[a-z_]+/#).map { String($0.0) })
    let known = names.union(names.flatMap { [$0 + "_sum", $0 + "_count"] })
    #expect(asked.subtracting(known).isEmpty, "\(asked.subtracting(known))")
    #expect(!asked.isEmpty)
  }

  @Test(arguments: ["docs/runbook.md", "docs/asyncapi.yaml", "docs/schemas/box.json"])
  func `Every alarm is named`(file: String) throws {
    let text = try document(file)
    for kind in AlarmKind.allCases { #expect(text.contains(kind.rawValue), "\(kind.rawValue)") }
  }
}
