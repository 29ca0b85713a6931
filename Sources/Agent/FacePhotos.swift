package import Faces
import Frames
package import Gallery
import Glibc
import Imaging

/// Sees the faces of photographs, for the gallery. Used by one thread.
package final class FacePhotos {
  /// Larger photographs are looked at made smaller; faces of 100 pixels are found all the same.
  private static let pixelCountMax = 6 << 20

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
  package init(
    models folder: String, takesLargest: Bool, takesPoorOnes: Bool
  ) throws(FacesError) {
    self.takesLargest = takesLargest
    self.takesPoorOnes = takesPoorOnes
    engine = FaceEngine(models: FaceModels(folder: folder))
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
    let picture = try UprightPicture(
      decoding: file, by: JPEGDecoder(), pixelCountMax: Self.pixelCountMax)
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
    let faces: [Face]
    do {
      faces = try self.faces(in: file, encodesPoorOnes: takesPoorOnes)
    } catch {
      return .unreadable("\(error)")
    }
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
