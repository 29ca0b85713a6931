package import Documents
package import Frames
package import Keys

/// What an analyser can be asked about the last picture of a camera, by a command of the control topic. It may take long.
package struct PictureCommand: Sendable {
  /// A number that may come with the command.
  package struct Argument: Sendable {
    package let name: String
    package let range: ClosedRange<Double>

    package init(_ name: String, _ range: ClosedRange<Double>) {
      self.name = name
      self.range = range
    }
  }

  /// What is done about a picture.
  /// - Parameters:
  ///   - jpeg: the picture.
  ///   - arguments: those that came, by their names.
  ///   - options: the camera's own of the analyser; nil where it is switched off there.
  ///   - isStopping: asked now and then; where it says so, the work ends with a fault that is `.cancelled`.
  /// - Returns: what to answer.
  package typealias Run =
    @Sendable (
      _ jpeg: PooledBytes, _ arguments: [String: Double], _ options: AnyOptions?,
      _ isStopping: () -> Bool
    ) throws(AnalyserFault) -> [String: JSON]

  /// As it is written.
  package let type: String
  package let arguments: [Argument]
  package let run: Run

  package init(_ type: String, _ arguments: [Argument], _ run: @escaping Run) {
    self.type = type
    self.arguments = arguments
    self.run = run
  }
}
