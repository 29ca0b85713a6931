/// Why a picture could not be looked at: a sentence for the operator.
package struct AnalysisError: Error, Equatable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) { self.description = description }
}
