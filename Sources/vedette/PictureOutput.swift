import CPosix
import Frames
import Imaging
import Paths

/// Where pictures that were drawn on go, and what is cut out of them: JPEGs.
struct PictureOutput {
  let annotated: String?
  let chips: String?
  private let annotatedIsFolder: Bool
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

  /// Where the picture goes that was drawn on; nil where it is not wanted.
  func annotatedPath(_ file: String) -> String? {
    annotated.map { annotatedIsFolder ? "\($0)/\(file)" : $0 }
  }

  /// - Parameter source: the photograph that it was made of.
  func save(
    _ rgb: [UInt8], _ size: FrameSize, to path: String, of source: String
  ) throws(ImageFileError) {
    let jpeg: PooledBytes
    do throws(ImagingError) {
      let planes = try PlanarPicture(rgb: rgb, size: size)
      jpeg = try encoder.encode(planes, chroma: .yuv422, quality: Self.quality)
    } catch {
      throw ImageFileError(path: source, reason: error.description)
    }
    let bytes = unsafe jpeg.withUnsafeBytes { unsafe Array($0) }
    do throws(FileFault) {
      try OutputFile(path).write(bytes)
    } catch {
      throw ImageFileError(path: path, reason: "it cannot be written: \(error)", isOutput: true)
    }
  }
}
