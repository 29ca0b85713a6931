/// The classes of records, by worth, the lowest first: when room is short, the lowest goes first.
package enum SpoolClass: UInt8, CaseIterable, Comparable, Sendable {
  /// Pictures made of frames that are sent, too: with faces framed, or in few colours.
  case copies = 4
  case frames = 0
  case faces = 1
  case events = 2
  case results = 3

  /// The name of its folder, and in reports.
  package var name: String {
    switch self {
    case .copies: "copies"
    case .frames: "frames"
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
    case .faces: 2
    case .events: 3
    case .results: 4
    }
  }

  /// Small records are gathered and compressed together.
  package var isGrouped: Bool {
    switch self {
    case .events, .results: true
    case .copies, .frames, .faces: false
    }
  }

  /// Pictures at the rate of frames are held in memory first, and written only where they cannot be sent; all else is
  /// written before it is sent.
  package var isLive: Bool {
    switch self {
    case .copies, .frames: true
    case .faces, .events, .results: false
    }
  }

  /// Those that are live and those that are not, what is worth most first.
  package static let live: [SpoolClass] = [.frames, .copies]
  package static let writtenAhead: [SpoolClass] = [.results, .events, .faces]

  package static func < (left: SpoolClass, right: SpoolClass) -> Bool { left.worth < right.worth }
}
