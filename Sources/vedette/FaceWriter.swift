import Faces
import Frames
import Glibc
import Imaging

/// Writes annotated pictures and faces that were cut out.
struct FaceWriter {
  private let output: PictureOutput

  init(_ output: PictureOutput) { self.output = output }

  func write(_ report: FaceReport, removesBackground: Bool) throws {
    let file = report.path.split(separator: "/").last.map(String.init) ?? report.path
    let size = report.picture.size
    if let path = output.annotatedPath(file) {
      var rgb = report.picture.rgb
      Canvas.draw(onRGB: &rgb, size) { $0.draw(report.marks) }
      try output.save(rgb, size, to: path, of: report.path)
    }
    guard let chips = output.chips else { return }
    let patch = FacePatch(
      pixels: report.picture.rgb, layout: PixelLayout(.rgb, size: size))
    let stem = file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file
    for (index, face) in report.faces.enumerated() {
      guard let landmarks = face.landmarks else { continue }
      let portrait: FacePortrait
      do {
        portrait = try FacePortrait(landmarks, in: patch, removesBackground: removesBackground)
      } catch {
        throw ImageFileError(path: report.path, reason: error.description)
      }
      let side = FrameSize(width: FacePortrait.size, height: FacePortrait.size)
      try output.save(
        portrait.rgb, side, to: "\(chips)/\(stem)-\(index + 1).jpg", of: report.path)
    }
  }
}
