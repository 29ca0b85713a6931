import Paths

/// A JSON value to be written; keys keep their order.
package indirect enum JSON: Sendable {
  case object([(String, JSON)])
  case array([JSON])
  case string(String)
  case integer(Int)
  /// Written with at most three decimals; not finite is null.
  case number(Double)
  case boolean(Bool)
  /// Written as exactly as it is; not finite is null.
  case precise(Double)
  /// JSON already.
  case written(String)
  case null

  /// An object with one member more; what is none stays as it is.
  package func with(_ key: String, _ value: JSON) -> JSON {
    guard case .object(let members) = self else { return self }
    return .object(members + [(key, value)])
  }

  /// The value as text on one line.
  package var text: String {
    switch self {
    case .object(let members):
      "{" + members.map { "\(Self.quoted($0)):\($1.text)" }.joined(separator: ",") + "}"
    case .array(let items): "[" + items.map(\.text).joined(separator: ",") + "]"
    case .string(let text): Self.quoted(text)
    case .integer(let number): String(number)
    case .boolean(let truth): truth ? "true" : "false"
    case .number(let number) where number.isFinite && abs(number) < 1e15:
      Self.decimal(number)
    case .written(let text): text
    case .precise(let number) where number.isFinite: "\(number)"
    case .number, .precise, .null: "null"
    }
  }

  private static func decimal(_ number: Double) -> String {
    let rounded = (number * 1000).rounded() / 1000
    return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      if let byte = scalar.pathByte {
        // As a terminal shows it: JSON has no bytes.
        quoted += "\\\\x\(String(byte, radix: 16))"
        continue
      }
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case _ where scalar.value < 32:
        let hex = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
