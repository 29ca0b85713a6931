import Meters
import Spool

/// Where the fate of all that the agent sends is booked, for as long as it runs.
struct Books: Sendable {
  /// In the configuration's order.
  let cameras: [CameraMeters]
  /// Of what analysis sends of cameras that are looked at, in their order.
  let looked: [(camera: String, books: AnalysisBooks)]
  let chips = StreamMeters(name: SpoolClass.faces.name)
  let events = StreamMeters(name: SpoolClass.events.name)
  /// Of what became of commands.
  let answers = StreamMeters(name: SpoolClass.results.name)
  let heartbeats = StreamMeters(name: "node/heartbeat")
  /// Of cameras' records, which continue when a camera is replaced.
  let numbers = NumberBook()
  private let isCommanded: Bool

  /// - Parameter looks: whether a camera's pictures may be looked at.
  init(_ assembly: Assembly, isCommanded: Bool, looks: (String) -> Bool) {
    self.isCommanded = isCommanded
    cameras = assembly.cameras.map { CameraMeters(name: $0.name) }
    let chips = chips
    looked = assembly.cameras.map(\.name).filter(looks).map {
      ($0, AnalysisBooks(camera: $0, chips: chips))
    }
  }

  subscript(camera name: String) -> CameraMeters {
    cameras.first { $0.name == name } ?? CameraMeters(name: name)
  }

  /// Of what analysis sends, and of heartbeats.
  var ofNode: [StreamMeters] {
    looked.flatMap(\.books.ofCamera) + (isCommanded ? [heartbeats] : [])
  }

  var streams: [StreamMeters] { cameras.map(\.frames) + ofNode }

  var classes: [StreamMeters] { [events, chips] + (isCommanded ? [answers] : []) }
}
