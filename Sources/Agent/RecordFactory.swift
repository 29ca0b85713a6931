import Control
import Delivery
import Frames
import Kafka
import Meters
import Threads

/// Makes the records of one stream and type: the only place where the CloudEvents envelope is written. Records follow
/// CloudEvents 1.0 for Kafka in binary mode: attributes are headers, the value is the picture or the JSON itself.
struct RecordFactory: Sendable {
  /// Room for the headers that differ from record to record, in bytes, without the beginning of `ce_id`.
  private static let varyingHeadersCount = 320

  /// What is the same in every record.
  private let constantHeaders: Headers
  private let key: [UInt8]
  private let idPrefix: [UInt8]
  private let run: String

  /// - Parameters:
  ///   - camera: that the records are about; empty where they are about the node.
  ///   - stream: within which the records are numbered, as a part of `ce_id`.
  ///   - isNumberedByRun: whether numbers begin at 0 with each run, which is then a part of `ce_id`.
  init(
    _ identity: NodeIdentity, camera: String = "", stream: String, type: RecordType,
    contentType: String = "application/json", isNumberedByRun: Bool = true
  ) {
    let subject = camera.isEmpty ? identity.node : "\(identity.node)/\(camera)"
    key = Array(subject.utf8)
    run = identity.boot
    idPrefix = Array(
      "\(identity.node)/\(stream)/\(isNumberedByRun ? "\(identity.boot)/" : "")".utf8)
    constantHeaders = Headers([
      Header("content-type", contentType),
      Header("ce_specversion", "1.0"),
      Header("ce_source", "/\(subject)"),
      Header("ce_type", type.rawValue),
      Header("ce_boot", identity.boot),
    ])
  }

  /// Makes a record; its book has to have it already.
  /// - Parameters:
  ///   - number: within the stream; no two records have the same.
  ///   - time: when what it tells of was so: for pictures, when they were captured.
  ///   - size: of the picture that it is, or tells of.
  ///   - more: headers that this kind of record has besides.
  func record(
    _ payload: any Payload, byteCount: Int, number: UInt64, _ time: FrameTime,
    size: FrameSize? = nil, more: [(String, String)] = [], topic: String, meters: StreamMeters
  ) -> Record {
    let room = Self.varyingHeadersCount + idPrefix.count
    var headers = Headers(constantHeaders, room: room) { headers in
      headers.number("ce_id", prefix: idPrefix, number)
      headers.time("ce_time", microseconds: time.wall)
      headers.number("ce_sequence", number)
      headers.number("ce_monotonic", time.monotonic)
      if let size {
        headers.number("ce_width", UInt64(size.width))
        headers.number("ce_height", UInt64(size.height))
      }
    }
    for (name, value) in more { headers.append(name, value) }
    var record = Record(
      topic: topic, key: key, headers: headers, timestamp: time.wall / 1000, payload: payload,
      payloadBytes: byteCount, capturedAt: time.monotonic, meters: meters)
    record.sequence = number
    record.run = run
    return record
  }

  /// The same of a text of JSON that is made here and now.
  func record(
    _ json: [UInt8], number: UInt64, wall: Int64 = Clock.wall, more: [(String, String)] = [],
    topic: String, meters: StreamMeters
  ) -> Record {
    record(
      BytesPayload(json), byteCount: json.count, number: number,
      FrameTime(monotonic: Clock.monotonic, wall: wall), more: more, topic: topic, meters: meters)
  }
}
