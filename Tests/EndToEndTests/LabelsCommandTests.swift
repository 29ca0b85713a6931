import Foundation
import Frames
import Imaging
import TestFetching
import TestModels
import Testing

/// `vedette labels`, run as a user would.
@Suite(.timeLimit(.minutes(3))) struct LabelsCommandTests {
  private static let size = FrameSize(width: 400, height: 200)
  private let folder: Folder
  private var model: String { "\(folder.path)/colours.onnx" }

  /// A network that tells apart red, green and blue, and pictures for it.
  init() throws {
    folder = try Folder()
    try folder.write("colours.onnx", ModelMaker.colours.bytes)
    try folder.write(
      "colours.yaml",
      Array("classes: colours.txt\nmean: [0, 0, 0]\nscale: [255, 255, 255]\n".utf8))
    try folder.write("colours.txt", Array("red\ngreen\nblue\n".utf8))
  }

  private struct Outcome {
    var code: Int32
    var text: String
    var log: String
    var lines: [[String: Any]] {
      text.split(separator: "\n").compactMap {
        try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
      }
    }
  }

  private func labels(_ arguments: [String], model: String? = nil) throws -> Outcome {
    let program = try Program("vedette", ["labels", "--model", model ?? self.model] + arguments)
    let text = program.readAll()
    #expect(program.wait(within: 60))
    return Outcome(code: program.process.terminationStatus, text: text, log: program.log)
  }

  private func picture(_ name: String, _ left: [UInt8], _ right: [UInt8]) throws -> String {
    let pixels = (0..<Self.size.width * Self.size.height).flatMap {
      $0 % Self.size.width < Self.size.width / 2 ? left : right
    }
    return try folder.write(name, Pictures.jpeg(pixels, Self.size, quality: 95))
  }

  private let red: [UInt8] = [250, 10, 10]
  private let green: [UInt8] = [10, 250, 10]
  private let grey: [UInt8] = [128, 128, 128]

  private func names(_ line: [String: Any]) -> [String] {
    (line["labels"] as? [[String: Any]] ?? []).compactMap { $0["class"] as? String }
  }

  @Test func `A picture is named, the surest class first`() throws {
    let file = try picture("a.jpg", green, green)
    let outcome = try labels(["--top", "2", file])
    #expect(outcome.code == 0 && outcome.log.isEmpty, "\(outcome)")
    let lines = outcome.text.split(separator: "\n")
    #expect(lines.count == 3 && lines[0] == "\(file):", "\(lines)")
    #expect(lines[1].hasSuffix("% green") || lines[1].hasSuffix("%  green"), "\(lines)")
  }

  @Test(arguments: ["0,0,200,200", "0,0,0.5,1"])
  func `A box is in pixels or in parts of the picture`(box: String) throws {
    let file = try picture("a.jpg", red, green)
    let outcome = try labels(["--json", "--box", box, file])
    #expect(outcome.code == 0, "\(outcome)")
    let line = try #require(outcome.lines.first)
    #expect(names(line).first == "red" && line["box"] as? [Int] == [0, 0, 200, 200])
    #expect(line["width"] as? Int == 400 && line["model"] as? String == "colours")
    let other = try labels(["--json", "--box", "200,0,5000,5000", file]).lines.first ?? [:]
    #expect(names(other).first == "green" && other["box"] as? [Int] == [200, 0, 200, 200])
  }

  @Test(arguments: ["1,2,3", "0,0,0,5", "a,0,1,1", "0,0,nan,1", "-1,0,5,5"])
  func `What is no box is refused`(box: String) throws {
    let outcome = try labels(["--box=\(box)", try picture("a.jpg", red, red)])
    #expect(outcome.code == 64 && outcome.text.isEmpty, "\(outcome)")
  }

  @Test func `A box outside of the picture is an error of that picture`() throws {
    let file = try picture("a.jpg", red, red)
    for box in ["400,0,10,10", "1e300,0,1e300,9"] {
      let outcome = try labels(["--json", "--box", box, file])
      #expect(outcome.code == 65, "\(outcome)")
      #expect(outcome.log.contains("\(file): --box lies outside of the picture of 400x200"))
      #expect(outcome.lines.first?["error"] is String)
    }
  }

  @Test func `Folders are gone through, drawn, cut out and summed up`() throws {
    let pictures = "\(folder.path)/in"
    try FileManager.default.createDirectory(atPath: pictures, withIntermediateDirectories: true)
    for name in ["a.jpg", "b.jpg", "c.jpeg"] { _ = try picture("in/\(name)", red, red) }
    _ = try picture("in/d.JPG", green, green)
    _ = try picture("in/e.jpg", grey, grey)
    try folder.write("in/notes.txt", Array("no picture".utf8))
    let (drawn, cut) = ("\(folder.path)/out", "\(folder.path)/cut")
    let outcome = try labels([
      "--json", "--summary", "--confidence", "0.5", "-o", drawn, "--chips", cut, pictures,
    ])
    #expect(outcome.code == 0 && outcome.log.isEmpty, "\(outcome)")
    #expect(outcome.lines.count == 6)
    let rows = try #require(outcome.lines.last?["summary"] as? [[String: Any]])
    #expect(rows.map { $0["class"] as? String } == ["red", "green", nil])
    #expect(rows.map { $0["pictures"] as? Int } == [3, 1, 1])
    #expect(try FileManager.default.contentsOfDirectory(atPath: drawn).count == 5)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: cut).sorted()
        == ["a.jpg", "b.jpg", "c.jpeg", "d.JPG"])
    let chip = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(cut)/a.jpg")))
    #expect(try Pictures.size(of: chip) == FrameSize(width: 224, height: 224))
    let table = try labels(["--summary", "--confidence", "0.5", pictures]).text
    #expect(
      table.hasSuffix("3   60.0 %  red\n1   20.0 %  green\n1   20.0 %  nothing recognised\n"))
  }

  @Test func `The label is drawn over the box`() throws {
    let file = try picture("a.jpg", grey, red)
    let drawn = "\(folder.path)/drawn.jpg"
    #expect(try labels(["--box", "240,60,100,100", "-o", drawn, file]).code == 0)
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: drawn)))
    let (size, pixels) = try JPEGDecoder().rgb(of: unsafe bytes.span.bytes)
    #expect(size == Self.size)
    // The box's edge is green where the picture was red.
    let edge = (110 * size.width + 240) * 3
    #expect(pixels[edge + 1] > 60, "\(pixels[edge..<edge + 3])")
  }

  @Test func `What is no picture is told, and the others are gone through`() throws {
    let file = try picture("a.jpg", red, red)
    let outcome = try labels(["--json", "/etc/passwd", "/nonexistent.jpg", file])
    #expect(outcome.code == 65)
    #expect(outcome.lines.map { $0["error"] != nil } == [true, true, false])
    for path in ["/etc/passwd", "/nonexistent.jpg"] {
      #expect(outcome.log.contains("vedette labels: \(path): "))
    }
    let empty = "\(folder.path)/empty"
    try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
    let nothing = try labels([empty])
    #expect(nothing.code == 66 && nothing.log.contains("there is no JPEG or PNG in \(empty)"))
    let nowhere = try labels(["-o", "/nonexistent/a.jpg", file])
    #expect(nowhere.code == 73 && nowhere.log.contains("/nonexistent/a.jpg: it cannot be written"))
  }

  @Test func `A model that is missing or damaged is told with what to do`() throws {
    let file = try picture("a.jpg", red, red)
    let none = try labels([file], model: "\(folder.path)/none.onnx")
    #expect(none.code == 69 && none.text.isEmpty)
    #expect(none.log.contains("the model \(folder.path)/none.onnx cannot be opened"))
    #expect(none.log.contains("run 'tools/models --labels --to FOLDER'"))
    try folder.write("colours.onnx", Array(ModelMaker.colours.bytes.dropLast(30)))
    let damaged = try labels([file])
    #expect(damaged.code == 69 && damaged.log.contains("colours.onnx is damaged"), "\(damaged.log)")
  }
}

/// The same with published networks and public photographs.
@Suite(
  .enabled(if: PublishedNetworks.areThere, "the package registry cannot be reached"),
  .timeLimit(.minutes(3)))
struct PhotographLabelTests {
  @Test(arguments: ["mobilenet_v2", "efficientnet_lite0"])
  func `Coffee is espresso or a cup, and chelsea is a cat`(network: String) throws {
    let models = try #require(PublishedNetworks.models)
    let photographs = try #require(PublishedNetworks.photographs)
    let program = try Program(
      "vedette",
      [
        "labels", "--json", "--model", "\(models)/\(network).onnx", "\(photographs)/coffee.png",
        "\(photographs)/chelsea.png",
      ])
    let lines = program.readAll().split(separator: "\n")
    #expect(program.wait(within: 60) && program.process.terminationStatus == 0)
    let found = try lines.map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return ((object?["labels"] as? [[String: Any]])?.first?["class"] as? String) ?? ""
    }
    #expect(found.count == 2)
    #expect(["espresso", "cup"].contains(found[0]))
    #expect(["Egyptian cat", "tabby", "tiger cat", "lynx"].contains(found[1]))
  }
}

private enum PublishedNetworks {
  static let photographs = Fetched.folder("label-photographs")
  static let models = Fetched.folder("models", ["--labels"])
  static var areThere: Bool { photographs != nil && models != nil }
}
