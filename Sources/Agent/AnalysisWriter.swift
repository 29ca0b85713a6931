import Analysers
import Analysis
import Control
import Delivery
import Documents
import Frames
import Kafka
import Meters
import Settings
import Spool
import Threads

/// Sends what was seen in a camera's pictures, each kind to the topic that its analyser declares.
final class AnalysisWriter: Sendable {
  private let camera: String
  private let identity: NodeIdentity
  private let delivery: Delivery
  private let events: EventWriter
  private let outputs: [String: AnalyserOutput]
  /// Of those outputs that have a topic, and are no events.
  private let streams: [String: PictureStream]

  init(
    camera: String, _ topics: [Topic: String], identity: NodeIdentity, delivery: Delivery,
    events: EventWriter, books: AnalysisBooks, numbers: NumberBook
  ) {
    self.camera = camera
    self.identity = identity
    self.delivery = delivery
    self.events = events
    outputs = Dictionary(uniqueKeysWithValues: Analysers.outputs.map { ($0.name, $0) })
    var streams: [String: PictureStream] = [:]
    for output in Analysers.outputs {
      guard let meters = books[output],
        let topic = topics[Topic(rawValue: output.topic)]
      else { continue }
      streams[output.name] = PictureStream(
        identity, camera: camera, name: output.name, topic: topic,
        type: RecordType(rawValue: output.type),
        contentType: output.isJSON ? "application/json" : "image/jpeg", meters: meters,
        numbers: numbers)
    }
    self.streams = streams
  }

  func send(_ report: AnalysisReport, of picture: PublishedPicture) {
    for record in report.records {
      guard let output = outputs[record.output] else { continue }
      let type = RecordType(rawValue: output.type)
      switch record.body {
      case .jpeg(let jpeg, let size):
        send(jpeg, byteCount: jpeg.count, size, record, output, of: picture)
      case .json(let members) where output.isEvent:
        let event = events.event(
          type, camera: camera, run: identity.boot, [("frame", picture.json)] + members)
        if let event { delivery.submit(event) }
      case .json(let members):
        let body = JSON.object(
          [
            ("type", .string(type.rawValue)), ("node", .string(identity.node)),
            ("camera", .string(camera)), ("boot", .string(identity.boot)),
            ("time", .string(Clock.rfc3339(microseconds: picture.time.wall))),
            ("frame", picture.json),
          ] + members)
        let bytes = Array(body.line.utf8)
        send(
          BytesPayload(bytes), byteCount: bytes.count, picture.size, record, output, of: picture)
      }
    }
  }

  private func send(
    _ payload: any Payload, byteCount: Int, _ size: FrameSize, _ made: AnalyserRecord,
    _ output: AnalyserOutput, of picture: PublishedPicture
  ) {
    guard let stream = streams[output.name] else { return }
    let more = made.headers.map { ($0.0, Percent.encoded($0.1)) }
    var record = stream.record(
      payload, byteCount: byteCount, picture.time, size: size, more: picture.reference + more)
    switch output.content {
    // The frame that it was made of is sent, too.
    case .copy: record.spoolClass = .copies
    case .chip: record.spoolClass = .faces
    case .document: record.spoolClass = .metrics
    case .event: break
    }
    delivery.submit(record)
  }
}

/// Where the fate of what analysis sends is booked: of one camera, but for face chips, which all cameras share.
struct AnalysisBooks: Sendable {
  private let books: [String: StreamMeters]
  private let chips: StreamMeters

  /// No camera's name has a `/` in it.
  init(camera: String, chips: StreamMeters) {
    self.chips = chips
    books = Dictionary(
      uniqueKeysWithValues: Analysers.outputs.filter(\.isOfCamera).map {
        ($0.name, StreamMeters(name: "\(camera)/\($0.name)"))
      })
  }

  /// Nil for events, whose ledger is not of analysis.
  subscript(_ output: AnalyserOutput) -> StreamMeters? {
    if case .chip = output.content { chips } else { books[output.name] }
  }

  var ofCamera: [StreamMeters] {
    Analysers.outputs.compactMap { books[$0.name] }
  }
}

extension AnalyserOutput {
  fileprivate var isEvent: Bool { if case .event = content { true } else { false } }
  fileprivate var isJSON: Bool {
    switch content {
    case .document, .event: true
    case .copy, .chip: false
    }
  }
  /// Whether it has a ledger for each camera.
  fileprivate var isOfCamera: Bool {
    switch content {
    case .copy, .document: true
    case .chip, .event: false
    }
  }
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
