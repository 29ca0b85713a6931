import Agent
import Documents
import FaceAnalyser
import Faces
import Frames
import Gallery
import Imaging

/// What was found in one photograph.
struct FaceReport {
  let path: String
  let picture: UprightPicture
  /// In pixels of `picture`, which may be smaller than the photograph.
  let faces: [AnalysedFace]
  /// Whose they are, one for each; nil where nobody asked.
  let identities: [Identity?]?

  init(
    _ path: String, _ decoder: JPEGDecoder, _ engine: FaceEngine, _ settings: FaceSettings,
    _ naming: FaceNaming?
  ) throws {
    self.path = path
    let bytes = try ImageFiles.read(path)
    do {
      let picture = try UprightPicture(decoding: bytes, by: decoder)
      self.picture = picture
      var settings = settings
      settings.detector.widthMin = Int(Double(settings.detector.widthMin) / picture.scale)
      let luma = picture.luma
      let found = try engine.analyse(
        luma: unsafe luma.span.bytes, PixelLayout(.luma, size: picture.size), settings: settings
      ) { _ in
        FacePatch(pixels: picture.rgb, layout: PixelLayout(.rgb, size: picture.size))
      }.faces
      faces = found
      identities = naming.map { naming in found.map { naming.identity($0) } }
    } catch let error as ImagingError {
      throw ImageFileError(path: path, reason: error.description)
    } catch let error as FacesError {
      throw ImageFileError(path: path, reason: error.description)
    }
  }

  /// In pixels of the photograph.
  private func box(_ face: AnalysedFace) -> [Int] {
    let box = face.box.scaled(by: picture.scale)
    return [box.x, box.y, box.width, box.height].map { Int($0.rounded()) }
  }

  func json(numbers: Bool) -> JSON {
    let head: [(String, JSON)] = [
      ("file", .string(path)), ("width", .integer(picture.originalSize.width)),
      ("height", .integer(picture.originalSize.height)),
    ]
    let faces = faces.enumerated().map { index, face -> JSON in
      let identity = identities?[index]
      var members: [(String, JSON)] = [
        ("box", .array(box(face).map { .integer($0) })), ("score", .rounded(face.score)),
        ("label", identity?.name.map { .string($0.text) } ?? .null),
      ]
      members += identity?.members ?? []
      if numbers, let landmarks = face.landmarks, let quality = face.quality {
        members += [
          (
            "landmarks",
            .array(
              landmarks.points.map {
                .array([.rounded($0.x * picture.scale), .rounded($0.y * picture.scale)])
              })
          ),
          (
            "quality",
            .object([
              ("failed", .array(quality.failed.map { .string($0.rawValue) })),
              ("sharpness", .rounded(quality.sharpness)), ("inside", .rounded(quality.inside)),
              ("yaw", .rounded(quality.yaw)), ("roll", .rounded(quality.roll)),
            ])
          ),
        ]
      }
      if numbers, let encoding = face.encoding {
        members.append(("encoding", .array(encoding.map { .float($0) })))
      }
      return .object(members)
    }
    return .object(head + [("faces", .array(faces))])
  }

  var text: String {
    let count = faces.isEmpty ? "no face" : faces.count == 1 ? "1 face" : "\(faces.count) faces"
    let lines = faces.enumerated().map { index, face in
      let box = box(face)
      let failed = face.quality?.failed.map(\.rawValue).joined(separator: ", ") ?? ""
      return
        "  \(index + 1): \(box[2])x\(box[3]) at \(box[0]),\(box[1]), score \(Self.decimal(face.score))\(failed.isEmpty ? "" : " (\(failed))")\(name(index))"
    }
    return (["\(path): \(count) in \(picture.originalSize)"] + lines).joined(separator: "\n")
  }

  var marks: [Mark] {
    faces.enumerated().map { index, face in
      Mark(
        box: Rectangle(
          x: Int(face.box.x), y: Int(face.box.y), width: Int(face.box.width),
          height: Int(face.box.height)),
        label: identities == nil ? "\(index + 1): \(Self.decimal(face.score))" : label(index),
        colour: identities != nil && identities?[index]?.name == nil
          ? Colour(red: 240, green: 180, blue: 40) : Colour(red: 40, green: 200, blue: 90))
    }
  }

  private func label(_ index: Int) -> String {
    guard let identity = identities?[index], let name = identity.name else { return "Unknown" }
    return "\(name) \(Self.decimal(identity.distance ?? 0))"
  }

  private func name(_ index: Int) -> String {
    guard identities != nil else { return "" }
    guard let identity = identities?[index], let nearest = identity.nearest else {
      return ": Unknown"
    }
    return
      ": \(identity.name?.text ?? "Unknown"), nearest \(nearest.name) at \(Self.decimal(nearest.distance))"
  }

  private static func decimal(_ number: Double) -> String {
    let hundredths = Int((number * 100).rounded())
    let digits = String(abs(hundredths) % 100)
    return
      "\(hundredths < 0 ? "-" : "")\(abs(hundredths) / 100).\(digits.count < 2 ? "0" : "")\(digits)"
  }
}
