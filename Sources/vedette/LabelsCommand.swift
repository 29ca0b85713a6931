import Agent
import ArgumentParser
import Documents
import Frames
import Imaging
import Inference

/// Names what photographs show.
struct LabelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "labels",
    abstract: "Names what JPEGs and PNGs show, by a network that was trained on ImageNet.",
    discussion: """
      A network knows the classes that it was trained on, a thousand with ImageNet, and nothing else: of what is none of \
      them it names the most similar, at times with much confidence. 'tools/models --labels --to FOLDER' fetches two; one \
      of your own is an ONNX file with a YAML beside it. Boxes are in pixels of the photograph as one sees it, turned as \
      EXIF says. Exits with 65 where a picture cannot be read; the others are gone through all the same.

      Example: vedette labels --box 0.2,0.2,0.6,0.6 --json -o annotated.jpg photograph.jpg
      """)

  @Argument(help: ArgumentHelp("JPEGs, PNGs, or folders of them.", valueName: "image"))
  var images: [String]

  @Option(
    help: ArgumentHelp(
      "Only this part: in pixels or, with no number above 1, in parts of the width and height.",
      valueName: "x,y,w,h"))
  var box: LabelBox?

  @Option(help: "How many classes are told, 1 to 100.")
  var top = 5

  @Option(
    help:
      "The surest class counts as recognised from this confidence on, 0 to 1: in --summary, -o and --chips."
  )
  var confidence = 0.3

  @Flag(help: "One JSON object a picture, and one for --summary.")
  var json = false

  @Flag(help: "At the end, how many pictures show what.")
  var summary = false

  @Option(
    name: [.customShort("o"), .long],
    help: "Where the picture with its label goes: a file, or a folder for several pictures.")
  var output: String?

  @Option(help: "A folder for what was recognised, cut out, as JPEGs of 224x224.")
  var chips: String?

  @Option(help: "The network: an ONNX file.")
  var model = "/usr/share/vedette/models/mobilenet_v2.onnx"

  func validate() throws {
    guard !images.isEmpty else { throw ValidationError("name a picture, or a folder of them") }
    guard (1...100).contains(top) else { throw ValidationError("--top takes 1 to 100") }
    guard (0...1).contains(confidence) else { throw ValidationError("--confidence takes 0 to 1") }
  }

  func run() throws {
    let paths = LabelReport.expand(images)
    guard !paths.isEmpty else {
      ConfigurationCheck.tell(
        "vedette labels: there is no JPEG or PNG in \(images.joined(separator: ", "))")
      throw ExitCode(ExitStatus.noInput)
    }
    let network = try network()
    let writer = LabelWriter(
      try PictureOutput(annotated: output, chips: chips, count: paths.count))
    let decoder = try JPEGDecoder()
    var counts = LabelSummary()
    var failures = 0
    for (index, path) in paths.enumerated() {
      ImageFiles.progress(index, paths.count)
      do throws(ImageFileError) {
        let report = try LabelReport(path, decoder, network, box, top: top)
        ImageFiles.progress(paths.count, paths.count)
        print(json ? report.json.line : report.text(confidence))
        counts.note(report.name(confidence))
        try writer.write(report, confidence)
      } catch {
        failures += 1
        ImageFiles.progress(paths.count, paths.count)
        if json, !error.isOutput { print(error.json("labels").line) }
        ConfigurationCheck.tell("vedette labels: \(error.path): \(error.reason)")
        if error.isOutput { throw ExitCode(ExitStatus.cannotCreate) }
      }
    }
    ImageFiles.progress(paths.count, paths.count)
    if summary, json { print(counts.json.line) }
    if summary, !json, failures < paths.count { print(counts.text) }
    if failures > 0 { throw ExitCode(ExitStatus.dataError) }
  }

  private func network() throws -> Network {
    do throws(InferenceError) {
      return try Network(model: model)
    } catch {
      ConfigurationCheck.tell("vedette labels: \(error)")
      throw ExitCode(error.code == .denied ? ExitStatus.noPermission : ExitStatus.unavailable)
    }
  }
}

/// A part of a picture, in pixels or in parts of its width and height.
struct LabelBox: ExpressibleByArgument {
  private let numbers: [Double]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    numbers = parts.compactMap { Double($0) }
    guard parts.count == 4, numbers.count == 4, numbers.allSatisfy({ $0.isFinite && $0 >= 0 }),
      numbers[2] > 0, numbers[3] > 0
    else { return nil }
  }

  /// In pixels: where no number is above 1, they are parts.
  func pixels(of size: FrameSize) -> PictureBox {
    let isParts = numbers.allSatisfy { $0 <= 1 }
    let (x, y) = isParts ? (Double(size.width), Double(size.height)) : (1, 1)
    return PictureBox(
      x: numbers[0] * x, y: numbers[1] * y, width: numbers[2] * x, height: numbers[3] * y)
  }
}
