import CPosix
import Faces
import Frames
import Glibc
import Imaging
import Paths

/// Writes annotated pictures and faces that were cut out.
struct FaceWriter {
  private let annotated: String?
  private let annotatedIsFolder: Bool
  private let chips: String?
  private let encoder: JPEGEncoder

  private static let quality = 90

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

  func write(_ report: FaceReport, removesBackground: Bool) throws {
    let file = report.path.split(separator: "/").last.map(String.init) ?? report.path
    let size = report.picture.size
    if let annotated {
      var rgb = report.picture.rgb
      Canvas.draw(onRGB: &rgb, size) { $0.draw(report.marks) }
      try save(rgb, size, to: annotatedIsFolder ? "\(annotated)/\(file)" : annotated)
    }
    guard let chips else { return }
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
      try save(portrait.rgb, side, to: "\(chips)/\(stem)-\(index + 1).jpg")
    }
  }

  private func save(_ rgb: [UInt8], _ size: FrameSize, to path: String) throws {
    let jpeg: PooledBytes
    do {
      let planes = try PlanarPicture(rgb: rgb, size: size)
      jpeg = try encoder.encode(planes, chroma: .yuv422, quality: Self.quality)
    } catch {
      throw ImageFileError(path: path, reason: error.description)
    }
    let bytes = unsafe jpeg.withUnsafeBytes { unsafe Array($0) }
    do throws(FileFault) {
      try OutputFile(path).write(bytes)
    } catch {
      throw ImageFileError(path: path, reason: "it cannot be written: \(error)", isOutput: true)
    }
  }
}
