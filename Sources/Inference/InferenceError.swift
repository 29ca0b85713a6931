/// Why a network could not be loaded or run: a sentence for the operator.
package struct InferenceError: Error, Equatable, CustomStringConvertible, Sendable {
  package enum Code: Sendable {
    /// The library that runs networks is not there, or does not fit.
    case libraryMissing
    /// A file of the model is not there or cannot be read.
    case modelMissing
    /// It may be there, but this user may not look.
    case denied
    /// The file is no ONNX, or not whole.
    case modelDamaged
    /// It is a network, but none that names what a picture shows, or not the one that is described.
    case modelUnsuitable
    /// What is beside the model (its description, its classes) is wrong.
    case badDescription
    /// The pixels handed over are fewer than their layout says, or the part of the picture is empty.
    case badInput
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
