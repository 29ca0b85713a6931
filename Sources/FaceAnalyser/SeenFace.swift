import Analysis
import Documents
import Faces
import Frames
import Gallery
import Imaging
import Keys

/// A face, and whose it is.
struct SeenFace {
  var face: AnalysedFace
  /// What its track was called by most votes; nil for Unknown.
  var label: PersonName?
  /// That name's part of the votes, weighted by the area of the face, 0…1; nil before any vote.
  var share: Double?
  /// What the last encoding of the track was compared with; nil where there was none yet.
  var identity: Identity?
}

extension AnalyserFault {
  init(_ error: FacesError) {
    let kind: Kind =
      switch error.code {
      case .cancelled: .cancelled
      case .badInput: .passing
      default: .lasting
      }
    self.init(kind, "\(error)")
  }
}

extension FaceBox {
  /// An area of pixels in parts of a picture's width and height.
  init(_ area: KeyArea, in size: FrameSize) {
    let (width, height) = (Double(size.width), Double(size.height))
    self.init(
      x: Double(area.x) / width, y: Double(area.y) / height, width: Double(area.width) / width,
      height: Double(area.height) / height)
  }
}

extension PlanarPicture {
  /// The part of the picture under a box, in colour.
  func patch(_ box: FaceBox) -> FacePatch? {
    let left = Int(box.x.rounded(.down))
    let top = Int(box.y.rounded(.down))
    let (area, pixels) = rgb(
      in: Rectangle(
        x: left, y: top, width: Int((box.x + box.width).rounded(.up)) - left,
        height: Int((box.y + box.height).rounded(.up)) - top))
    guard area.width > 0, area.height > 0 else { return nil }
    return FacePatch(
      pixels: pixels,
      layout: PixelLayout(.rgb, size: FrameSize(width: area.width, height: area.height)),
      corner: FacePoint(x: Double(area.x), y: Double(area.y)))
  }
}

extension SeenFace {
  private static let known = Colour(red: 60, green: 200, blue: 90)
  private static let unknown = Colour(red: 240, green: 180, blue: 40)

  /// What is drawn of it. The distance stands beside a name, so that a doubtful one is seen to be.
  var mark: Mark {
    let box = face.box
    var text = label?.text ?? "Unknown"
    if label != nil, let distance = identity?.distance {
      let hundredths = Int((distance * 100).rounded())
      text += " 0.\(hundredths < 10 ? "0" : "")\(hundredths)"
    }
    return Mark(
      box: Rectangle(
        x: Int(box.x.rounded()), y: Int(box.y.rounded()), width: Int(box.width.rounded()),
        height: Int(box.height.rounded())),
      label: text, colour: label == nil ? Self.unknown : Self.known)
  }
}

extension SeenFace {
  /// Numbers in pixels of the picture; whom it was compared with is there once it was.
  var json: JSON {
    let box = face.box
    var members: [(String, JSON)] = [
      (
        "box",
        .array(
          [box.x, box.y, box.width, box.height].map { .number($0.rounded()) })
      ),
      ("score", .rounded(face.score)), ("track", face.track.map { .integer($0) } ?? .null),
      ("followed", .boolean(face.isFollowed)),
      ("label", label.map { .string($0.text) } ?? .null),
      ("share", share.map { .rounded($0) } ?? .null),
    ]
    members += identity?.members ?? []
    members.append(("quality", face.quality?.json ?? .null))
    return .object(members)
  }
}

extension FaceQuality {
  fileprivate var json: JSON {
    .object([
      ("width", .rounded(width)), ("sharpness", .rounded(sharpness)), ("inside", .rounded(inside)),
      ("yaw", .rounded(yaw)), ("roll", .rounded(roll)),
      ("failed", .array(failed.map { .string($0.rawValue) })),
    ])
  }
}
