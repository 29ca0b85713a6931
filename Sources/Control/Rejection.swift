/// Why a message is not obeyed: a word for programs and a sentence for the operator.
package struct Rejection: Error, Equatable, CustomStringConvertible, Sendable {
  package var reason: Reason
  package var description: String

  package init(_ reason: Reason, _ sentence: String) {
    self.reason = reason
    description = sentence
  }
}

/// Why a command that was accepted had no effect: a sentence for the operator.
package struct CommandFailure: Error, Equatable, CustomStringConvertible, Sendable {
  package var description: String

  /// Whether the node is ending, and the command goes on at the next start.
  package var isInterrupted = false

  package init(_ sentence: String, isInterrupted: Bool = false) {
    description = sentence
    self.isInterrupted = isInterrupted
  }
}
