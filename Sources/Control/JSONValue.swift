/// A JSON value as RFC 8785 sees it: numbers are doubles, and an object's members are in no order that means anything.
package indirect enum JSONValue: Equatable, Sendable {
  case null
  case boolean(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// The object's member; nil where this is none, or has none of that name.
  package subscript(member: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members[member]
  }

  package var text: String? {
    if case .string(let text) = self { return text }
    return nil
  }

  package var number: Double? {
    if case .number(let number) = self { return number }
    return nil
  }

  /// A whole number that doubles hold exactly.
  package var integer: Int? {
    guard case .number(let number) = self, abs(number) <= Self.integerMax,
      number == number.rounded()
    else { return nil }
    return Int(number)
  }

  package var items: [JSONValue]? {
    if case .array(let items) = self { return items }
    return nil
  }

  package var members: [String: JSONValue]? {
    if case .object(let members) = self { return members }
    return nil
  }

  /// 2⁵³ − 1 (RFC 7493, 2.2).
  package static let integerMax = 9_007_199_254_740_991.0

  /// What it is, for messages.
  package var kind: String {
    switch self {
    case .null: "null"
    case .boolean: "true or false"
    case .number: "a number"
    case .string: "a text"
    case .array: "a list"
    case .object: "an object"
    }
  }

  /// Lays a merge patch over this value (RFC 7396): objects are joined member by member, null takes away, all else
  /// replaces.
  package func merging(_ patch: JSONValue) -> JSONValue {
    guard case .object(let changes) = patch else { return patch }
    var result = members ?? [:]
    for (name, change) in changes {
      if change == .null {
        result[name] = nil
      } else {
        result[name] = (result[name] ?? .null).merging(change)
      }
    }
    return .object(result)
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral,
  ExpressibleByArrayLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral
{
  package init(stringLiteral text: String) { self = .string(text) }
  package init(booleanLiteral truth: Bool) { self = .boolean(truth) }
  package init(integerLiteral number: Int) { self = .number(Double(number)) }
  package init(floatLiteral number: Double) { self = .number(number) }
  package init(arrayLiteral items: JSONValue...) { self = .array(items) }
  package init(dictionaryLiteral members: (String, JSONValue)...) {
    self = .object(Dictionary(members) { $1 })
  }
}
