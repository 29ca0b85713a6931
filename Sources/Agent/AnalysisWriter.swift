import Analysis
import Colours
import Control
import Delivery
import Faces
import Frames
import Gallery
import Journal
import Kafka
import Logging
import Meters
import Settings
import Spool
import Threads

/// Sends what was seen in a camera's pictures, each kind to its topic.
final class AnalysisWriter: Sendable {
  /// Colours of a palette that are sent, at most.
  private static let coloursMax = 256

  private let camera: String
  private let identity: NodeIdentity
  private let delivery: Delivery
  private let events: EventWriter
  private let annotated: PictureStream?
  private let clustered: PictureStream?
  private let chips: PictureStream?
  private let metrics: PictureStream?
  /// Whether the last event told of any face: that there are none left is told once.
  private let hadFaces = Flag()

  init(
    camera: String, _ kafka: KafkaSettings, identity: NodeIdentity, delivery: Delivery,
    events: EventWriter, books: AnalysisBooks, numbers: NumberBook
  ) {
    self.camera = camera
    self.identity = identity
    self.delivery = delivery
    self.events = events
    func stream(
      _ topic: Topic, _ type: RecordType, _ meters: StreamMeters, contentType: String = "image/jpeg"
    ) -> PictureStream? {
      kafka.name(of: topic).map {
        PictureStream(
          identity, camera: camera, name: topic.rawValue, topic: $0, type: type,
          contentType: contentType, meters: meters, numbers: numbers)
      }
    }
    annotated = stream(.annotated, .annotated, books.annotated)
    clustered = stream(.clustered, .clustered, books.clustered)
    chips = stream(.faces, .face, books.chips)
    metrics = stream(
      .metrics, .colours, books.metrics, contentType: "application/json")
  }

  func send(_ report: AnalysisReport, of picture: PublishedPicture) {
    if let faces = report.faces { send(faces, of: picture) }
    if let jpeg = report.annotated { send(jpeg, annotated, picture, picture.size) }
    for chip in report.chips { send(chip, of: picture) }
    if let colours = report.colours { send(colours, of: picture) }
    if let jpeg = report.clustered { send(jpeg, clustered, picture, picture.size) }
  }

  private func send(
    _ jpeg: PooledBytes, _ stream: PictureStream?, _ picture: PublishedPicture, _ size: FrameSize
  ) {
    guard let stream else { return }
    var record = stream.record(
      jpeg, byteCount: jpeg.count, picture.time, size: size, more: picture.reference)
    // The frame that it was made of is sent, too.
    record.spoolClass = .copies
    delivery.submit(record)
  }

  /// The chips of all cameras are booked together, and written ahead like events.
  private func send(_ chip: FaceChip, of picture: PublishedPicture) {
    guard let chips else { return }
    var more = picture.reference + [("ce_track", String(chip.track))]
    if let label = chip.label { more.append(("ce_label", Percent.encoded(label.text))) }
    let size = FrameSize(width: FacePortrait.size, height: FacePortrait.size)
    var record = chips.record(
      chip.jpeg, byteCount: chip.jpeg.count, picture.time, size: size, more: more)
    record.spoolClass = .faces
    delivery.submit(record)
  }

  /// Pictures with news of faces, and the first one without any.
  private func send(_ report: FacesReport, of picture: PublishedPicture) {
    guard report.isNews else { return }
    let hasFaces = !report.faces.isEmpty
    guard hadFaces.set(hasFaces) || hasFaces else { return }
    let event = events.event(
      .faces, camera: camera, run: identity.boot,
      [("frame", picture.json), ("faces", .array(report.faces.map(\.json)))])
    if let event { delivery.submit(event) }
  }

  private func send(_ colours: Clustering, of picture: PublishedPicture) {
    guard let metrics else { return }
    let body = JSON.object([
      ("type", .string(RecordType.colours.rawValue)), ("node", .string(identity.node)),
      ("camera", .string(camera)), ("boot", .string(identity.boot)),
      ("time", .string(Clock.rfc3339(microseconds: picture.time.wall))),
      ("frame", picture.json), ("count", .integer(colours.count)),
      ("lambda", .number(colours.lambda)), ("objective", .number(colours.objective)),
      ("sse", .number(colours.sse)), ("farthest", .number(colours.farthest)),
      ("iterations", .integer(colours.iterations)),
      ("milliseconds", .number(colours.milliseconds)),
      ("simplified_silhouette", .number(colours.simplifiedSilhouette)),
      (
        "colours",
        .array(
          colours.colours.prefix(Self.coloursMax).map {
            .object([("rgb", .string($0.rgb.hex)), ("share", .number($0.share))])
          })
      ),
    ])
    let bytes = Array(body.text.utf8)
    var record = metrics.record(
      BytesPayload(bytes), byteCount: bytes.count, picture.time, size: picture.size,
      more: picture.reference)
    record.spoolClass = .metrics
    delivery.submit(record)
  }
}

/// Where the fate of what analysis sends is booked: of one camera, but for face chips, which all cameras share.
struct AnalysisBooks: Sendable {
  let annotated: StreamMeters
  let clustered: StreamMeters
  let metrics: StreamMeters
  let chips: StreamMeters

  /// No camera's name has a `/` in it.
  init(camera: String, chips: StreamMeters) {
    annotated = StreamMeters(name: "\(camera)/annotated")
    clustered = StreamMeters(name: "\(camera)/clustered")
    metrics = StreamMeters(name: "\(camera)/metrics")
    self.chips = chips
  }

  var ofCamera: [StreamMeters] { [annotated, clustered, metrics] }
}

extension PublishedPicture {
  /// The frame that something was made of, as a header.
  fileprivate var reference: [(String, String)] {
    sequence.map { [("ce_frame", String($0))] } ?? []
  }

  fileprivate var json: JSON {
    .object([
      ("sequence", sequence.map { .integer(Int(clamping: $0)) } ?? .null),
      ("time", .string(Clock.rfc3339(microseconds: time.wall))),
      ("width", .integer(size.width)), ("height", .integer(size.height)),
    ])
  }
}

extension SeenFace {
  /// Numbers in pixels of the picture; whom it was compared with is there once it was.
  fileprivate var json: JSON {
    let box = face.box
    var members: [(String, JSON)] = [
      (
        "box",
        .array(
          [box.x, box.y, box.width, box.height].map { .number($0.rounded()) })
      ),
      ("score", .number(face.score)), ("track", face.track.map { .integer($0) } ?? .null),
      ("followed", .boolean(face.isFollowed)),
      ("label", label.map { .string($0.text) } ?? .null),
      ("share", share.map { .number($0) } ?? .null),
    ]
    members += identity?.members ?? []
    members.append(("quality", face.quality?.json ?? .null))
    return .object(members)
  }
}

extension FaceQuality {
  fileprivate var json: JSON {
    .object([
      ("width", .number(width)), ("sharpness", .number(sharpness)), ("inside", .number(inside)),
      ("yaw", .number(yaw)), ("roll", .number(roll)),
      ("failed", .array(failed.map { .string($0.rawValue) })),
    ])
  }
}
