import Control
import Documents
import Foundation
import Keys
import Settings
import Testing

@testable import Agent

/// What commands changed, over files that have changed since.
@Suite struct OverlaidSettingsTests {
  private final class Folder {
    let path = NSTemporaryDirectory() + "overlaid-\(UUID().uuidString)"

    init() throws {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String) throws -> String {
      let file = path + "/vedette.yaml"
      try text.write(toFile: file, atomically: true, encoding: .utf8)
      return file
    }
  }

  private let mask: JSON = ["masks": [["x": 0, "y": 0, "width": 100, "height": 50]]]
  private let places = ["front": ["device:/dev/video70"], "yard": ["device:/dev/video71"]]

  private func overlaid(
    _ cameras: String, _ overlay: JSON, sources: [String: [String]]? = nil,
    more: String = "control: on"
  ) throws -> OverlaidSettings {
    let folder = try Folder()
    let path = try folder.write("\(more)\ncameras: {\(cameras)}")
    return try OverlaidSettings(path: path, .overlay(overlay, sources: sources ?? places))
  }

  private func held(_ made: OverlaidSettings) -> [String] {
    made.settings.cameras.filter { $0.hold != nil }.map(\.name)
  }

  @Test func `What fits lies over the files as a whole`() throws {
    let overlay: JSON = [
      "cameras": ["front": mask, "yard": ["enabled": false]],
      "kafka": ["topics": ["annotated": "off"]],
    ]
    let made = try overlaid(
      "front: {device: /dev/video70}, yard: {device: /dev/video71}", overlay)
    #expect(made.inForce == overlay && made.unapplied.isEmpty && held(made).isEmpty)
    #expect(made.settings.cameras[0].masks.count == 1 && !made.settings.cameras[1].enabled)
  }

  @Test func `Which model is loaded is said by the files alone`() throws {
    func model(_ made: OverlaidSettings) -> KeyValue? {
      made.settings.cameras[0].analysers["labels"]?.values.first { $0.name == "model" }?.value
    }
    func overlaid(_ labels: String, _ change: JSON) throws -> OverlaidSettings {
      try self.overlaid(
        "front: {device: /dev/video70\(labels)}", ["cameras": ["front": ["labels": change]]])
    }
    let own = ", labels: {model: own.onnx}"
    for path in ["/tmp/evil.onnx", "../evil.onnx", "own.onnx"] {
      for labels in ["", own] {
        let made = try overlaid(labels, ["model": .string(path)])
        #expect(made.inForce == [:] && held(made) == ["front"])
        #expect(
          made.unapplied.first?.reason.contains("labels.model: only the box's own files") == true)
      }
    }
    #expect(try model(overlaid(own, ["rate": 2])) == .word("own.onnx"))
    #expect(try model(overlaid(own, "on")) == .word("own.onnx"))
    #expect(try model(overlaid("", "on")) == .word("mobilenet_v2.onnx"))
    #expect(try overlaid(own, "off").settings.cameras[0].analysers["labels"] == nil)
  }

  @Test func `A camera that was renamed is stopped, and all else stays in force`() throws {
    let made = try overlaid(
      "gate: {device: /dev/video70}, yard: {device: /dev/video71}, roof: {device: /dev/video72}",
      ["cameras": ["front": mask, "yard": ["enabled": false]]])
    #expect(held(made) == ["gate"])
    #expect(!made.settings.cameras[1].enabled)
    #expect(made.inForce == ["cameras": ["yard": ["enabled": false]]])
    let sentence = try #require(made.unapplied.first?.sentence)
    #expect(sentence.contains("config.reset camera=front"), "\(sentence)")
  }

  @Test(arguments: ["control: off", "{}", "control: on\nkafka: {topics: {control: off}}"])
  func `Where the box takes no commands, what was commanded is taken back on the box`(
    control: String
  ) throws {
    let more = control == "{}" ? "" : control
    let renamed = try overlaid(
      "gate: {device: /dev/video70}", ["cameras": ["front": mask]], more: more)
    let moved = try overlaid(
      "front: {device: /dev/video79}, gate: {device: /dev/video70}", ["cameras": ["front": mask]],
      more: more)
    let small = try overlaid(
      "front: {device: /dev/video70, size: 64x48}", ["cameras": ["front": mask]], more: more)
    for made in [renamed, moved, small] {
      let sentence = try #require(made.unapplied.first?.sentence)
      #expect(sentence.contains("vedette control overrides --reset"), "\(sentence)")
      #expect(!sentence.contains("config.reset"), "\(sentence)")
    }
    #expect(renamed.unapplied[0].sentence.contains("--reset --camera front"))
    #expect(moved.unapplied[0].sentence.contains("--reset --camera front"))
  }

  @Test func `Renamed and moved at once, every camera that is new is stopped`() throws {
    let made = try overlaid(
      "gate: {device: /dev/video75}, yard: {device: /dev/video71}", ["cameras": ["front": mask]])
    #expect(held(made) == ["gate"])
  }

  @Test func `Where it is not known what cameras there were, all are stopped`() throws {
    let made = try overlaid(
      "gate: {device: /dev/video75}, yard: {device: /dev/video71}", ["cameras": ["front": mask]],
      sources: [:])
    #expect(held(made) == ["gate", "yard"])
  }

  @Test func `A camera that was taken away stops no other, and is told of`() throws {
    let made = try overlaid("yard: {device: /dev/video71}", ["cameras": ["front": mask]])
    #expect(held(made).isEmpty)
    #expect(made.unapplied.map(\.part) == ["front"])
  }

  @Test func `A camera whose settings no longer fit is stopped alone`() throws {
    let made = try overlaid(
      "front: {device: /dev/video70, size: 64x48}, yard: {device: /dev/video71}",
      ["cameras": ["front": mask, "yard": mask]])
    #expect(held(made) == ["front"])
    #expect(made.settings.cameras[1].masks.count == 1)
    #expect(made.settings.cameras[0].hold?.contains("100x50+0+0") == true)
  }

  @Test func `A name that now has another device does not uncover the old one`() throws {
    let made = try overlaid(
      "front: {device: /dev/video79}, gate: {device: /dev/video70}", ["cameras": ["front": mask]])
    #expect(held(made) == ["gate"])
    #expect(made.settings.cameras[0].masks.count == 1)
  }

  @Test func `A topic that was switched off and cannot be any more stops every camera`() throws {
    let made = try overlaid(
      "front: {device: /dev/video70}, yard: {device: /dev/video71}",
      ["cameras": ["front": mask], "kafka": ["topics": ["no_such": "off"]]])
    #expect(held(made) == ["front", "yard"])
    #expect(made.settings.cameras[0].masks.count == 1)
  }

  @Test func `Masks of the files are added to, and never taken away`() throws {
    let files = "front: {device: /dev/video70, masks: [8x8+0+0]}"
    let none = try overlaid(files, ["cameras": ["front": ["masks": []]]])
    #expect(none.settings.cameras[0].masks.map(\.width) == [8])
    let more = try overlaid(files, ["cameras": ["front": mask]])
    #expect(more.settings.cameras[0].masks.map(\.width) == [8, 100])
  }

  @Test func `Only files under the folder for it are played by command`() throws {
    let folder = try Folder()
    for name in ["replays", "replays2", "elsewhere"] {
      try FileManager.default.createDirectory(
        atPath: "\(folder.path)/\(name)", withIntermediateDirectories: true)
    }
    for file in ["replays/a.mjpeg", "replays2/c.mjpeg", "elsewhere/b.mjpeg", "secret"] {
      try "x".write(toFile: "\(folder.path)/\(file)", atomically: true, encoding: .utf8)
    }
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/replays/link", withDestinationPath: "../secret")
    func held(_ path: String, _ control: String, _ kind: JSON = [:]) throws -> Bool {
      let replay: JSON = ["path": .string("\(folder.path)/\(path)")]
      let made = try overlaid(
        "front: {replay: \(folder.path)/elsewhere/b.mjpeg}",
        ["cameras": ["front": ["replay": replay.merging(kind)]]],
        sources: [:], more: "control: \(control)")
      return made.settings.cameras[0].hold != nil
    }
    let folders = "{replays: '\(folder.path)/replays'}"
    #expect(try !held("replays/a.mjpeg", folders))
    // What the files say themselves, and as the kind of file that they say.
    #expect(try !held("elsewhere/b.mjpeg", "on"))
    for control in [folders, "on"] {
      #expect(try held("elsewhere/b.mjpeg", control, ["format": "grey", "size": "1x1"]))
    }
    for path in [
      "secret", "replays/../secret", "replays/link", "replays/none", "replays2/c.mjpeg",
      "elsewhere/none",
    ] {
      #expect(try held(path, folders), "\(path)")
    }
    #expect(try held("replays/a.mjpeg", "on"))
  }

  @Test func `Commands come by the topic of the files, and nothing else goes there`() throws {
    let camera = "front: {device: /dev/video70}"
    let moved = try overlaid(camera, ["kafka": ["topics": ["control": "other"]]])
    #expect(moved.settings.kafka.name(of: .control) == "vedette.control")
    let taken = try overlaid(
      camera, ["kafka": ["topics": ["control": "other", "events": "control"]]])
    #expect(taken.settings.kafka.name(of: .events) == "vedette.events")
    #expect(taken.unapplied.first?.reason.contains("is the topic of control") == true)
  }

  @Test func `What is not known stops every camera`() throws {
    let folder = try Folder()
    let path = try folder.write("cameras: {front: {device: /dev/video70}}")
    let made = try OverlaidSettings(path: path, .unknown("both copies are damaged"))
    #expect(held(made) == ["front"])
    #expect(made.settings.cameras[0].hold?.contains("both copies are damaged") == true)
  }
}
