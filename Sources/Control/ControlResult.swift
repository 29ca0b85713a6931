package import Documents

/// What is answered to a command. A command that is obeyed has two: accepted, and how it ended.
package struct ControlResult: Equatable, Sendable {
  package enum State: String, CaseIterable, Sendable {
    case accepted, succeeded, failed, expired, rejected
  }

  /// Counts the node's results; 0 for a rejection of what nobody has signed.
  package var number: Int
  /// Of the command; nil where the message is no envelope.
  package var id: String?
  package var type: String?
  package var issuer: String?
  package var state: State
  /// `Rejection.Reason`, or `failed`.
  package var reason: String?
  /// A sentence for the operator.
  package var detail: String?
  /// What the command was for, or what came of it.
  package var facts: [String: JSON]
  package var time: Timestamp

  package init(number: Int, _ envelope: Envelope?, _ state: State) {
    self.number = number
    id = envelope?.id
    type = envelope?.type
    issuer = envelope?.issuer
    self.state = state
    facts = [:]
    time = .now
  }

  package var json: JSON {
    func text(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
    return [
      "number": .number(Double(number)), "id": text(id), "command": text(type),
      "issuer": text(issuer), "state": .string(state.rawValue), "reason": text(reason),
      "detail": text(detail), "facts": .object(facts), "time": .string(time.description),
    ]
  }

  package init(_ value: JSON) throws(Rejection) {
    var fields = try Fields(value, "result", .malformed)
    number = try fields.integer("number", 0...Int(JSON.integerMax))
    id = fields.value("id")?.text
    type = fields.value("command")?.text
    issuer = fields.value("issuer")?.text
    guard let state = State(rawValue: try fields.text("state")) else {
      throw fields.failure("state", "there is no such state")
    }
    self.state = state
    reason = fields.value("reason")?.text
    detail = fields.value("detail")?.text
    facts = fields.value("facts")?.members ?? [:]
    time = try fields.time("time")
  }
}

/// Takes results on their way; they may be given twice, with the same number, after a crash.
package protocol ResultSink: Sendable {
  func send(_ result: ControlResult)
  /// Whether all that was sent is on disk or with the broker.
  var isSettled: Bool { get }
}
