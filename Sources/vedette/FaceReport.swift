import Agent
import Faces
import Frames
import Imaging

/// What was found in one photograph.
struct FaceReport {
  let path: String
  let picture: UprightPicture
  /// In pixels of `picture`, which may be smaller than the photograph.
  let faces: [AnalysedFace]

  init(
    _ path: String, _ decoder: JPEGDecoder, _ engine: FaceEngine, _ settings: FaceSettings
  ) throws {
    self.path = path
    let bytes = try FaceImages.read(path)
    do {
      let picture = try decoder.upright(of: unsafe bytes.span.bytes)
      self.picture = picture
      var settings = settings
      settings.detector.widthMin = Int(Double(settings.detector.widthMin) / picture.scale)
      let luma = picture.luma
      faces = try engine.analyse(
        luma: unsafe luma.span.bytes, PixelLayout(.luma, size: picture.size), settings: settings
      ) { _ in
        FacePatch(pixels: picture.rgb, layout: PixelLayout(.rgb, size: picture.size))
      }.faces
    } catch let error as ImagingError {
      throw FaceImageError(path: path, reason: error.description)
    } catch let error as FacesError {
      throw FaceImageError(path: path, reason: error.description)
    }
  }

  /// In pixels of the photograph.
  private func box(_ face: AnalysedFace) -> [Int] {
    let box = face.box.scaled(by: picture.scale)
    return [box.x, box.y, box.width, box.height].map { Int($0.rounded()) }
  }

  func json(numbers: Bool) -> String {
    let head = JSON.object([
      ("file", .string(path)), ("width", .integer(picture.originalSize.width)),
      ("height", .integer(picture.originalSize.height)),
    ]).text.dropLast()
    let faces = faces.map { face -> String in
      var members: [(String, JSON)] = [
        ("box", .array(box(face).map { .integer($0) })), ("score", .number(face.score)),
        ("label", .null),
      ]
      if numbers, let landmarks = face.landmarks, let quality = face.quality {
        members += [
          (
            "landmarks",
            .array(
              landmarks.points.map {
                .array([.number($0.x * picture.scale), .number($0.y * picture.scale)])
              })
          ),
          (
            "quality",
            .object([
              ("failed", .array(quality.failed.map { .string($0.rawValue) })),
              ("sharpness", .number(quality.sharpness)), ("inside", .number(quality.inside)),
              ("yaw", .number(quality.yaw)), ("roll", .number(quality.roll)),
            ])
          ),
        ]
      }
      let text = JSON.object(members).text
      guard numbers, let encoding = face.encoding else { return text }
      // All digits of a Float, of which JSON.number keeps three.
      let list = encoding.map { $0.isFinite ? "\($0)" : "null" }.joined(separator: ",")
      return "\(text.dropLast()),\"encoding\":[\(list)]}"
    }
    return "\(head),\"faces\":[\(faces.joined(separator: ","))]}"
  }

  var text: String {
    let count = faces.isEmpty ? "no face" : faces.count == 1 ? "1 face" : "\(faces.count) faces"
    let lines = faces.enumerated().map { index, face in
      let box = box(face)
      let failed = face.quality?.failed.map(\.rawValue).joined(separator: ", ") ?? ""
      return
        "  \(index + 1): \(box[2])x\(box[3]) at \(box[0]),\(box[1]), score \(Self.decimal(face.score))\(failed.isEmpty ? "" : " (\(failed))")"
    }
    return (["\(path): \(count) in \(picture.originalSize)"] + lines).joined(separator: "\n")
  }

  var marks: [Mark] {
    faces.enumerated().map { index, face in
      Mark(
        box: Rectangle(
          x: Int(face.box.x), y: Int(face.box.y), width: Int(face.box.width),
          height: Int(face.box.height)),
        label: "\(index + 1): \(Self.decimal(face.score))",
        colour: Colour(red: 40, green: 200, blue: 90))
    }
  }

  private static func decimal(_ number: Double) -> String {
    let hundredths = Int((number * 100).rounded())
    let digits = String(abs(hundredths) % 100)
    return
      "\(hundredths < 0 ? "-" : "")\(abs(hundredths) / 100).\(digits.count < 2 ? "0" : "")\(digits)"
  }
}
