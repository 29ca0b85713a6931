package import Documents
package import Gallery

/// The part of the agent that commands change. Called on Control's two threads, one call at a time on each.
package protocol CommandTarget: AnyObject, Sendable {
  /// Whether the agent could run with these changes over the configuration's files. Touches nothing.
  func check(overlay: JSON) throws(Rejection)
  /// Whether there is what a command is about. Touches nothing.
  /// - Parameter camera: the one that it names; nil for none.
  func check(_ scope: CommandScope, camera: String?) throws(Rejection)
  /// Makes the running agent what files and overlay say. The overlay was checked before, and is stored.
  /// - Returns: what to tell of it.
  func adopt(overlay: JSON) throws(CommandFailure) -> [String: JSON]
  /// The cameras and where their pictures come from, to know them again under another name; `before` where not all of
  /// what was commanded is in force.
  func sources(_ before: [String: [String]]) -> [String: [String]]
  /// Whether a camera gives pictures, later ones than it gave at `since`, in nanoseconds of CLOCK_MONOTONIC.
  func hasPictures(camera: String, since: UInt64) -> Bool
  /// What made the encodings of `read`.
  var model: ModelName? { get }
  /// How many pixels the photographs of a command may have together.
  var photoPixelsMax: Int { get }
  /// Looks for the face in a photograph.
  /// - Parameter pixels: how many there may still be of a command; those of this one are taken away.
  func read(photo: [UInt8], pixels: inout Int) -> PhotoReading
  /// Told when something on the control topic is worth an event.
  func announce(_ type: RecordType, _ facts: [String: JSON])
}

extension CommandTarget {
  package func sources(_ before: [String: [String]]) -> [String: [String]] { before }
}
