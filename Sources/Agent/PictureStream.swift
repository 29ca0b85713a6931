import Control
import Delivery
import Frames
import Kafka
import Meters

extension PooledBytes: Kafka.Payload {}

/// Makes the records of one topic's pictures of one camera, or of what is written of them. Numbers begin at 0
/// with each run and have no holes but those that a gap event names.
final class PictureStream: Sendable {
  let topic: String
  let meters: StreamMeters
  private let factory: RecordFactory
  private let numbers: Numbers
  /// Frames were counted when they were captured; all else is counted when it is made.
  private let isMadeHere: Bool

  /// - Parameters:
  ///   - name: of the stream within the camera, as a part of `ce_id`; nil for its frames.
  ///   - numbers: where those are kept that were given, should the stream be replaced within a run.
  init(
    _ identity: NodeIdentity, camera: String, name: String? = nil, topic: String, type: RecordType,
    contentType: String = "image/jpeg", meters: StreamMeters, numbers: NumberBook = NumberBook()
  ) {
    self.topic = topic
    self.meters = meters
    let place = name.map { "\(camera)/\($0)" } ?? camera
    factory = RecordFactory(
      identity, camera: camera, stream: place, type: type, contentType: contentType)
    self.numbers = numbers[place]
    isMadeHere = name != nil
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
    return factory.record(
      payload, byteCount: byteCount, number: numbers.next(), time, size: size, more: more,
      topic: topic, meters: meters)
  }
}
