import CPosix
import Frames
import Imaging
import Inference
import Paths

/// Writes pictures with their labels, and what was named.
struct LabelWriter {
  private let annotated: String?
  private let annotatedIsFolder: Bool
  private let chips: String?
  private let encoder: JPEGEncoder

  private static let quality = 90
  private static let chipSide = 224

  /// - Parameter count: of the pictures; several go to a folder, which is made where it is not there.
  init(annotated: String?, chips: String?, count: Int) throws {
    self.annotated = annotated
    self.chips = chips
    annotatedIsFolder =
      annotated.map { count > 1 || $0.hasSuffix("/") || ImageFiles.isFolder($0) } ?? false
    encoder = try JPEGEncoder(pool: BytePool())
    for folder in [annotatedIsFolder ? annotated : nil, chips] {
      if let folder, !ImageFiles.isFolder(folder) { unsafe vp_mkdir(folder, 0o755) }
    }
  }

  /// - Parameter confidence: below it nothing was recognised: nothing is cut out then.
  func write(_ report: LabelReport, _ confidence: Double) throws(ImageFileError) {
    let size = report.picture.size
    if let annotated {
      var rgb = report.picture.rgb
      Canvas.draw(onRGB: &rgb, size) { $0.draw([report.mark(confidence)]) }
      try save(
        rgb, size, to: annotatedIsFolder ? "\(annotated)/\(Self.file(report))" : annotated, report)
    }
    guard let chips, report.name(confidence) != nil else { return }
    let chip: [UInt8]
    do throws(InferenceError) {
      chip = try unsafe PictureChip.rgb(
        of: report.picture.rgb.span.bytes, size: size, box: report.box, side: Self.chipSide)
    } catch {
      throw ImageFileError(path: report.path, reason: error.description)
    }
    try save(
      chip, FrameSize(width: Self.chipSide, height: Self.chipSide),
      to: "\(chips)/\(Self.file(report))", report)
  }

  /// A JPEG by the picture's name: of `a.png` that is `a.png.jpg`, beside that of `a.jpg`.
  private static func file(_ report: LabelReport) -> String {
    let file = report.path.split(separator: "/").last.map(String.init) ?? report.path
    let lower = file.lowercased()
    return lower.hasSuffix(".jpg") || lower.hasSuffix(".jpeg") ? file : "\(file).jpg"
  }

  private func save(
    _ rgb: [UInt8], _ size: FrameSize, to path: String, _ report: LabelReport
  ) throws(ImageFileError) {
    let jpeg: PooledBytes
    do throws(ImagingError) {
      let planes = try PlanarPicture(rgb: rgb, size: size)
      jpeg = try encoder.encode(planes, chroma: .yuv422, quality: Self.quality)
    } catch {
      throw ImageFileError(path: report.path, reason: error.description)
    }
    let bytes = unsafe jpeg.withUnsafeBytes { unsafe Array($0) }
    do throws(FileFault) {
      try OutputFile(path).write(bytes)
    } catch {
      throw ImageFileError(path: path, reason: "it cannot be written: \(error)", isOutput: true)
    }
  }
}
