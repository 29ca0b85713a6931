import Foundation
import Testing

@testable import Settings

@Suite struct LoadingTests {
  /// A folder that goes with the test.
  final class Folder {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("vedette-settings-\(UUID().uuidString)").path

    init() throws {
      try FileManager.default.createDirectory(
        atPath: "\(path)/conf.d", withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws -> String {
      try text.write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
      return "\(path)/\(name)"
    }
  }

  private func parse(_ text: String) throws -> Settings {
    try SettingsLoader.parse(Array(text.utf8), file: "v.yaml").settings
  }

  @Test func `The example works as it is`() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let path = root.appendingPathComponent("etc/vedette.yaml").path
    let loaded = try SettingsLoader.load(path: path)
    #expect(loaded.warnings.isEmpty)
    #expect(loaded.settings.cameras.map(\.name) == ["front"])
    #expect(loaded.settings.kafka.brokers == ["localhost:9092"])
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
    let settings = try parse(on)
    #expect(settings.cameras.map(\.name) == ["front", "replayed", "raw"])
    #expect(settings.cameras.first?.masks.count == 1)
    #expect(settings.kafka.properties["security.protocol"] == "ssl")
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
    #expect(settings.cameras[0].publishRate == 10)
    guard case .device(let device) = settings.cameras[0].source else {
      Issue.record("no device")
      return
    }
    #expect(device.rate == 30_000.0 / 1001 && device.timeout == 30)
    #expect(device.size == CameraSettings.Size(width: 640, height: 360))
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
    _ = try folder.write("conf.d/note.txt", "not: [yaml")
    let settings = try SettingsLoader.load(path: main).settings
    #expect(settings.kafka.prefix == "two" && settings.kafka.brokers == ["a:1"])
    #expect(settings.cameras.map(\.name) == ["front", "back"])
    #expect(settings.cameras[0].quality == 70 && settings.cameras[0].masks.count == 1)
    guard case .replay(let replay) = settings.cameras[1].source else {
      Issue.record("no replay")
      return
    }
    #expect(replay.path == "\(folder.path)/pictures")
  }

  @Test func `A fault in a fragment names the fragment`() throws {
    let folder = try Folder()
    let main = try folder.write("vedette.yaml", "cameras: {front: {device: /dev/video0}}")
    let fragment = try folder.write("conf.d/10.yaml", "cameras:\n  front:\n    quality: 101\n")
    let error = #expect(throws: SettingsError.self) { try SettingsLoader.load(path: main) }
    #expect(error?.diagnostics.map(\.file) == [fragment])
    #expect(error?.diagnostics.map(\.line) == [3])
  }

  @Test func `Quality without effect is a warning`() throws {
    let loaded = try SettingsLoader.parse(
      Array("cameras:\n  a:\n    device: x\n    format: mjpeg\n    quality: 50\n".utf8),
      file: "v.yaml")
    #expect(
      loaded.warnings.map(\.description) == [
        "v.yaml:5:5: cameras.a.quality: without effect: the camera's JPEGs are passed through as they are"
      ])
  }

  @Test func `A folder or a missing file is told`() throws {
    let folder = try Folder()
    for path in [folder.path, "\(folder.path)/none.yaml"] {
      let error = #expect(throws: SettingsError.self) { try SettingsLoader.load(path: path) }
      #expect(error?.diagnostics.count == 1)
    }
  }

  @Test func `Settings that are written come back the same`() throws {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let quality = Int.random(in: 1...100, using: &random)
      let chroma = CameraSettings.Chroma.allCases.randomElement(using: &random) ?? .auto
      let fit = CameraSettings.Fit.allCases.randomElement(using: &random) ?? .contain
      let mask = CameraSettings.Mask(
        x: .random(in: 0...100, using: &random), y: .random(in: 0...100, using: &random),
        width: .random(in: 1...100, using: &random), height: .random(in: 1...100, using: &random))
      let memory = Int.random(in: 1...4096, using: &random)
      let settings = try parse(
        """
        delivery: {memory: \(memory) MiB}
        cameras:
          c:
            device: /dev/x
            quality: \(quality)
            chroma: \(chroma.rawValue)
            fit: \(fit.rawValue)
            masks: ["\(mask.width)x\(mask.height)+\(mask.x)+\(mask.y)"]
        """)
      #expect(settings.delivery.memoryMax == memory << 20)
      #expect(settings.cameras[0].quality == quality && settings.cameras[0].chroma == chroma)
      #expect(settings.cameras[0].fit == fit && settings.cameras[0].masks == [mask])
    }
  }
}
