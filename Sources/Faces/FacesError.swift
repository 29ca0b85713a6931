/// Why faces could not be found or encoded: a sentence for the operator.
package struct FacesError: Error, Equatable, CustomStringConvertible, Sendable {
  package enum Code: Sendable {
    /// A model's file is not there or cannot be read.
    case modelMissing
    /// It may be there, but this user may not look.
    case denied
    /// A model's file is not, byte for byte, what it should be.
    case modelDamaged
    /// The pixels handed over are fewer than their layout says, or the options make no sense.
    case badInput
    /// The caller gave up.
    case cancelled
    /// Memory or the library failed.
    case internalFailure
  }

  package var code: Code
  package var description: String

  package init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
