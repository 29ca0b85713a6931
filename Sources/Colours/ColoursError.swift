/// Why colours could not be clustered.
package struct ColoursError: Error, Equatable, CustomStringConvertible {
  package enum Code: Sendable {
    /// Sizes, strides or settings that cannot be.
    case badArgument
    /// It would take more memory than may be taken.
    case tooLarge
    /// Stopped by who asked for it.
    case cancelled
    /// The system gave no thread.
    case noThread
  }

  package var code: Code
  /// A sentence on what was wrong and what to do.
  package var description: String

  init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
