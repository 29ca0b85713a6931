/// The classes of records, by worth, the lowest first: when room is short, the lowest goes first.
package enum SpoolClass: UInt8, CaseIterable, Comparable, Sendable {
  /// Pictures made of frames that are sent, too: with faces framed, or in few colours.
  case copies = 4
  case frames = 0
  /// How things stand and look: heartbeats, palettes.
  case metrics = 5
  case faces = 1
  case events = 2
  case results = 3

  /// The name of its folder, and in reports.
  package var name: String {
    switch self {
    case .copies: "copies"
    case .frames: "frames"
    case .metrics: "metrics"
    case .faces: "faces"
    case .events: "events"
    case .results: "results"
    }
  }

  /// Grows with what its records are worth; the raw value is what stands on disk.
  private var worth: Int {
    switch self {
    case .copies: 0
    case .frames: 1
    case .metrics: 2
    case .faces: 3
    case .events: 4
    case .results: 5
    }
  }

  /// Small records are gathered and compressed together.
  package var isGrouped: Bool {
    switch self {
    case .metrics, .events, .results: true
    case .copies, .frames, .faces: false
    }
  }

  /// How its records travel.
  package var priority: RecordPriority {
    switch self {
    case .copies, .frames: .live
    case .metrics: .telemetry
    case .faces, .events, .results: .durable
    }
  }

  /// Those that are written before they are sent and those that are not, what is worth most first.
  package static let writtenAhead: [SpoolClass] = [.results, .events, .faces]
  package static let heldInMemory: [SpoolClass] = [.metrics, .frames, .copies]

  package static func < (left: SpoolClass, right: SpoolClass) -> Bool { left.worth < right.worth }
}
