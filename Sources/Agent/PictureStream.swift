import Delivery
import Frames
import Kafka
import Meters
import Settings
import Synchronization
import Threads

extension PooledBytes: Kafka.Payload {}

/// Makes the records of one topic's pictures of one camera, or of what is written of them. Numbers begin at 0
/// with each run and have no holes but those that a gap event names.
final class PictureStream: Sendable {
  /// Room for the headers that differ from record to record, in bytes.
  private static let varyingHeadersCapacity = 384

  let topic: String
  let meters: CameraMeters
  private let run: String
  private let key: [UInt8]
  /// What is the same in every record.
  private let constantHeaders: Headers
  private let idPrefix: String
  private let numbers: Numbers
  /// Frames were counted when they were captured; all else is counted when it is made.
  private let isMadeHere: Bool

  /// - Parameters:
  ///   - name: of the stream within the camera, as a part of `ce_id`; nil for its frames.
  ///   - numbers: where those are kept that were given, should the stream be replaced within a run.
  init(
    _ identity: NodeIdentity, camera: String, name: String? = nil, topic: String, type: String,
    contentType: String = "image/jpeg", meters: CameraMeters, numbers: NumberBook = NumberBook()
  ) {
    self.topic = topic
    self.meters = meters
    run = identity.boot
    key = Array("\(identity.node)/\(camera)".utf8)
    let place = name.map { "\(camera)/\($0)" } ?? camera
    idPrefix = "\(identity.node)/\(place)/\(identity.boot)/"
    self.numbers = numbers[place]
    isMadeHere = name != nil
    constantHeaders = Headers([
      Header("content-type", contentType),
      Header("ce_specversion", "1.0"),
      Header("ce_source", "/\(identity.node)/\(camera)"),
      Header("ce_type", type),
      Header("ce_boot", identity.boot),
    ])
  }

  /// The next record.
  /// - Parameters:
  ///   - time: when the picture was captured.
  ///   - more: headers that this kind of record has besides.
  func record(
    _ payload: any Payload, byteCount: Int, _ time: FrameTime, size: FrameSize,
    more: [(String, String)] = []
  ) -> Record {
    if isMadeHere { meters.ledger.capture() }
    let number = numbers.next()
    var headers = constantHeaders
    headers.reserveCapacity(headers.bytes.count + Self.varyingHeadersCapacity)
    headers.append("ce_id", prefix: idPrefix, number: number)
    headers.append("ce_time", Clock.rfc3339(microseconds: time.wall))
    headers.append("ce_sequence", number: number)
    headers.append("ce_monotonic", number: time.monotonic)
    headers.append("ce_width", number: UInt64(size.width))
    headers.append("ce_height", number: UInt64(size.height))
    for (name, value) in more { headers.append(name, value) }
    var record = Record(
      topic: topic, key: key, headers: headers, timestamp: time.wall / 1000, payload: payload,
      payloadBytes: byteCount, capturedAt: time.monotonic, meters: meters)
    record.sequence = number
    record.run = run
    return record
  }
}
