package import Faces
import Frames
package import Gallery
import Glibc
import Imaging

/// Sees the faces of photographs, for the gallery. Used by one thread.
package final class FacePhotos {
  /// Larger photographs are looked at made smaller; faces of 100 pixels are found all the same.
  private static let pixelCountMax = 6 << 20
  private static let bounds: PictureBounds = {
    var bounds = PictureBounds.photograph
    bounds.keptPixelCountMax = pixelCountMax
    return bounds
  }()

  package struct Face {
    /// In pixels of the photograph.
    package var box: FaceBox
    package var quality: FaceQuality?
    package var encoding: [Float]?
  }

  private let engine: FaceEngine
  private let takesLargest: Bool
  private let takesPoorOnes: Bool

  /// Loads the models.
  /// - Parameters:
  ///   - takesLargest: whether of several faces in a photograph of one person the largest is taken.
  ///   - takesPoorOnes: whether faces are taken that do not pass the quality gates.
  ///   - stop: has the photograph at hand, and all later ones, given up as unreadable.
  package init(
    models folder: String, takesLargest: Bool, takesPoorOnes: Bool, stop: FaceStop? = nil
  ) throws(FacesError) {
    self.takesLargest = takesLargest
    self.takesPoorOnes = takesPoorOnes
    engine = FaceEngine(models: FaceModels(folder: folder), stop: stop)
    try engine.prepare(FaceSettings())
  }

  /// What the encodings are made by.
  package static func model() throws(GalleryError) -> ModelName {
    try ModelName(FaceModels.encoderIdentity)
  }

  /// The faces; where there are none at first, smaller ones are looked for.
  /// - Parameter encodesPoorOnes: whether faces that are small, blurred, clipped or turned are encoded too.
  /// - Throws: `ImagingError` where it is no picture; `FacesError`.
  package func faces(in file: [UInt8], encodesPoorOnes: Bool) throws -> [Face] {
    let picture = try UprightPicture(decoding: file, by: JPEGDecoder(), within: Self.bounds)
    return try faces(in: picture, encodesPoorOnes: encodesPoorOnes)
  }

  private func faces(in picture: UprightPicture, encodesPoorOnes: Bool) throws(FacesError) -> [Face]
  {
    let luma = picture.luma
    let patch = FacePatch(
      pixels: picture.rgb, layout: PixelLayout(.rgb, size: picture.size))
    var settings = FaceSettings()
    settings.encodesPoorOnes = encodesPoorOnes
    for upsampling in 0...1 {
      settings.detector.upsampling = upsampling
      let found = try engine.analyse(
        luma: unsafe luma.span.bytes, PixelLayout(.luma, size: picture.size), settings: settings
      ) { _ in patch }
      guard found.faces.isEmpty else {
        return found.faces.map {
          Face(box: $0.box.scaled(by: picture.scale), quality: $0.quality, encoding: $0.encoding)
        }
      }
    }
    return []
  }

  /// What a photograph of one person shows.
  package func read(_ file: [UInt8]) -> PhotoReading {
    do {
      return reading(try faces(in: file, encodesPoorOnes: takesPoorOnes))
    } catch {
      return .unreadable("\(error)")
    }
  }

  /// The same of a photograph that came with a command.
  /// - Parameter pixels: how many all that came with it may still have; what this one has is taken away.
  func read(commanded file: [UInt8], pixels: inout Int) -> PhotoReading {
    var bounds = PictureBounds.commanded
    bounds.pixelCountMax = min(bounds.pixelCountMax, max(0, pixels))
    do {
      let picture = try UprightPicture(decoding: file, by: JPEGDecoder(), within: bounds)
      pixels -= picture.originalSize.width * picture.originalSize.height
      return reading(try faces(in: picture, encodesPoorOnes: takesPoorOnes))
    } catch let error as ImagingError where error.code == .unsupported {
      let most = PictureBounds.commanded.pixelCountMax >> 20
      return .unreadable(
        "\(error); all photos of a command together have \(most) megapixels at most")
    } catch {
      return .unreadable("\(error)")
    }
  }

  private func reading(_ faces: [Face]) -> PhotoReading {
    guard let face = faces.max(by: { $0.box.width < $1.box.width }) else { return .noFace }
    guard faces.count == 1 || takesLargest else { return .severalFaces(faces.count) }
    let failed = takesPoorOnes ? [] : face.quality?.failed ?? []
    guard !failed.contains(.small) else { return .tooSmall(width: Int(face.box.width)) }
    guard let numbers = face.encoding, let encoding = try? Encoding(numbers) else {
      return .poor("the face is \(failed.map(\.rawValue).joined(separator: ", "))")
    }
    return .face(encoding)
  }
}
