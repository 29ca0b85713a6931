import Frames
import Imaging
import Inference

/// Writes pictures with their labels, and what was named.
struct LabelWriter {
  private let output: PictureOutput

  private static let chipSide = 224

  init(_ output: PictureOutput) { self.output = output }

  /// - Parameter confidence: below it nothing was recognised: nothing is cut out then.
  func write(_ report: LabelReport, _ confidence: Double) throws(ImageFileError) {
    let size = report.picture.size
    if let path = output.annotatedPath(Self.file(report)) {
      var rgb = report.picture.rgb
      Canvas.draw(onRGB: &rgb, size) { $0.draw([report.mark(confidence)]) }
      try output.save(rgb, size, to: path, of: report.path)
    }
    guard let chips = output.chips, report.name(confidence) != nil else { return }
    let chip: [UInt8]
    do throws(InferenceError) {
      chip = try unsafe PictureChip.rgb(
        of: report.picture.rgb.span.bytes, size: size, box: report.box, side: Self.chipSide)
    } catch {
      throw ImageFileError(path: report.path, reason: error.description)
    }
    try output.save(
      chip, FrameSize(width: Self.chipSide, height: Self.chipSide),
      to: "\(chips)/\(Self.file(report))", of: report.path)
  }

  /// A JPEG by the picture's name: of `a.png` that is `a.png.jpg`, beside that of `a.jpg`.
  private static func file(_ report: LabelReport) -> String {
    let file = report.path.split(separator: "/").last.map(String.init) ?? report.path
    let lower = file.lowercased()
    return lower.hasSuffix(".jpg") || lower.hasSuffix(".jpeg") ? file : "\(file).jpg"
  }
}
