/// Why a picture could not be looked at: a sentence for the operator.
package struct AnalysisError: Error, Equatable, CustomStringConvertible {
  package var description: String
  /// Whether it will be so with every picture until somebody does something about it.
  package var isLasting: Bool

  package init(_ description: String, isLasting: Bool = false) {
    self.description = description
    self.isLasting = isLasting
  }
}
