/// The classes of records, by worth: when room is short, the lowest goes first.
package enum SpoolClass: UInt8, CaseIterable, Comparable, Sendable {
  case frames = 0
  case faces = 1
  case events = 2
  case results = 3

  /// The name of its folder, and in reports.
  package var name: String {
    switch self {
    case .frames: "frames"
    case .faces: "faces"
    case .events: "events"
    case .results: "results"
    }
  }

  /// Small records are gathered and compressed together.
  package var isGrouped: Bool { self >= .events }

  package static func < (left: SpoolClass, right: SpoolClass) -> Bool {
    left.rawValue < right.rawValue
  }
}
