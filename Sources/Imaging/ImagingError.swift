/// Why a picture could not be made or read.
package struct ImagingError: Error, Equatable, CustomStringConvertible {
  package enum Code: Sendable {
    /// The input is not a whole, sound picture.
    case corrupt
    /// The input is sound but of a kind that is not handled.
    case unsupported
    /// Memory or the library failed.
    case internalFailure
  }

  package var code: Code
  /// A sentence on what was wrong.
  package var description: String

  package init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
