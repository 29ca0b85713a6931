import Analysers
import Analysis
import FaceAnalyser
import Foundation
import Keys
import Settings
import Testing

@testable import Agent

/// The files that analysers need.
@Suite struct ModelTests {
  private func missing(_ cameras: String, models: String = "/nowhere") throws -> [String] {
    let text = "analysis: {models: \(models)}\ncameras: {\(cameras)}"
    let settings = try SettingsLoader.parse(
      Array(text.utf8), file: "v.yaml", analysers: Analysers.keys
    ).settings
    return ConfigurationCheck.missingModels(settings)
  }

  @Test func `A model that is missing is told with the camera, what follows, and what to do`()
    throws
  {
    #expect(
      try missing("front: {device: a, faces: {landmarks: 68}}") == [
        "cameras.front.faces: /nowhere/shape_predictor_68_face_landmarks.dat cannot be read (No such file or directory), and faces are not looked for: run 'tools/models --with-68 --to /nowhere'",
        "cameras.front.faces: /nowhere/dlib_face_recognition_resnet_model_v1.dat cannot be read (No such file or directory), and faces are not looked for: run 'tools/models --to /nowhere'",
      ])
  }

  @Test func `What no option wants is not missed`() throws {
    #expect(try missing("a: {device: a}, b: {device: b, colours: on, faces: off}").isEmpty)
    #expect(try missing("a: {device: a, faces: {identify: off}}").isEmpty)
    #expect(try missing("a: {device: a, enabled: false, faces: on}").isEmpty)
    #expect(try missing("a: {device: a, faces: {identify: off, chips: crop}}").count == 2)
    let cnn = try missing("a: {device: a, faces: {identify: off, detector: cnn}}")
    #expect(cnn.count == 1 && cnn[0].contains("mmod_human_face_detector.dat"))
  }

  @Test func `A model of the operator's own is missed where it is to be`() throws {
    #expect(
      try missing(
        "a: {device: a, labels: {model: own.onnx}}, b: {device: b, labels: {model: /srv/b.onnx}}")
        == [
          "cameras.a.labels: /nowhere/own.onnx cannot be read (No such file or directory), and nothing is named: put it there, or correct its name",
          "cameras.b.labels: /srv/b.onnx cannot be read (No such file or directory), and nothing is named: put it there, or correct its name",
        ])
    #expect(
      try missing("a: {device: a, labels: {what: regions}}") == [
        "cameras.a.labels: /nowhere/mobilenet_v2.onnx cannot be read (No such file or directory), and nothing is named: run 'tools/models --labels --to /nowhere'",
        "cameras.a.labels: nothing is named: labels.what is regions, and labels.regions names none: give some, such as [640x480+0+0]",
      ])
  }

  @Test func `A model that is there is not missed`() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("vedette-models-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for model in FaceAnalyser.models(FaceOptions()) {
      try Data().write(to: folder.appendingPathComponent(model.file))
    }
    #expect(try missing("a: {device: a, faces: on}", models: folder.path).isEmpty)
  }

  @Test func `README and tools list the same models as the analysers, with their licences`() throws
  {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../..")
    func text(_ name: String) throws -> String {
      try String(contentsOf: root.appendingPathComponent(name), encoding: .utf8)
    }
    let readme = try text("README.md").split(separator: "\n")
    let (tool, package) = (try text("tools/models"), try text("tools/package"))
    for model in Analysers.all.flatMap(\.models) {
      let row = try #require(readme.first { $0.hasPrefix("| `\(model.file)`") }, "\(model.file)")
      #expect(row.contains(model.licence))
      #expect(tool.contains(model.file), "\(model.file)")
      // What is not free is not packaged.
      let name = model.file.replacing(".dat", with: "")
      #expect(package.contains(name) == (model.licence == "CC0"), "\(name)")
      #expect(
        AnalyserReference.lines.contains(
          "  needs \(model.file) (\(model.use); \(model.licence)): \(try #require(model.source))"))
    }
  }
}
