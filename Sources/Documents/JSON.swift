/// A JSON value as RFC 8785 sees it: numbers are doubles. An object's members keep their order when they are written, which
/// means nothing where values are compared.
package enum JSON: Equatable, Sendable {
  case null
  case boolean(Bool)
  case number(Double)
  case string(String)
  case array([JSON])
  case object(Members)

  /// An object whose members are written in this order. No name may be in it twice.
  package static func object(_ members: [(String, JSON)]) -> JSON { .object(Members(members)) }

  /// An object whose members are written in the order of their names.
  package static func object(_ members: [String: JSON]) -> JSON { .object(Members(members)) }

  package static func integer(_ number: Int) -> JSON { .number(Double(number)) }

  /// A number to three decimals: what was measured has no more that mean anything.
  package static func rounded(_ number: Double) -> JSON {
    let thousandths = number * 1000
    return .number(thousandths.isFinite ? thousandths.rounded() / 1000 : number)
  }

  /// A number with the digits that a `Float` needs, and not those of the double beside it.
  package static func float(_ number: Float) -> JSON {
    .number(Double(number.description) ?? .nan)
  }

  /// The object's member; nil where this is none, or has none of that name.
  package subscript(member: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members[member]
  }

  /// The text that this is, nil where it is another thing; `line` is what it is written as.
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

  package var items: [JSON]? {
    if case .array(let items) = self { return items }
    return nil
  }

  package var members: [String: JSON]? {
    if case .object(let members) = self { return members.byName }
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

  /// An object with one member more; what is none stays as it is.
  package func with(_ name: String, _ value: JSON) -> JSON {
    guard case .object(var members) = self else { return self }
    members[name] = value
    return .object(members)
  }

  /// Lays a merge patch over this value (RFC 7396): objects are joined member by member, null takes away, all else
  /// replaces.
  package func merging(_ patch: JSON) -> JSON {
    guard case .object(let changes) = patch else { return patch }
    var result = members ?? [:]
    for (name, change) in changes.list {
      if change == .null {
        result[name] = nil
      } else {
        result[name] = (result[name] ?? .null).merging(change)
      }
    }
    return .object(result)
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral,
  ExpressibleByArrayLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral
{
  package init(stringLiteral text: String) { self = .string(text) }
  package init(booleanLiteral truth: Bool) { self = .boolean(truth) }
  package init(integerLiteral number: Int) { self = .number(Double(number)) }
  package init(floatLiteral number: Double) { self = .number(number) }
  package init(arrayLiteral items: JSON...) { self = .array(items) }
  package init(dictionaryLiteral members: (String, JSON)...) { self = .object(members) }
}
