package import Documents

/// Reads the members of one object, each with its name in what is said of it, and knows which were not asked for.
package struct Fields {
  private let path: String
  private let members: [String: JSON]
  private var asked: Set<String> = []
  private let reason: Rejection.Reason

  /// - Parameter path: what the object is called in messages.
  package init(
    _ value: JSON?, _ path: String, _ reason: Rejection.Reason = .badArgument
  ) throws(Rejection) {
    guard let members = value?.members else {
      throw Rejection(reason, "\(path): an object belongs here, not \(value?.kind ?? "nothing")")
    }
    self.members = members
    self.path = path
    self.reason = reason
  }

  package func failure(_ name: String, _ what: String) -> Rejection {
    Rejection(reason, "\(path).\(name): \(what)")
  }

  /// Nil where it is absent.
  package mutating func value(_ name: String) -> JSON? {
    asked.insert(name)
    return members[name]
  }

  package mutating func text(_ name: String, bytesMax: Int = 200) throws(Rejection) -> String {
    guard let text = try optionalText(name, bytesMax: bytesMax) else {
      throw failure(name, "it is missing; a text belongs here")
    }
    return text
  }

  package mutating func optionalText(
    _ name: String, bytesMax: Int = 200
  ) throws(Rejection) -> String? {
    guard let value = value(name) else { return nil }
    guard let text = value.text, (1...bytesMax).contains(text.utf8.count),
      !text.utf8.contains(where: { $0 < 32 || $0 == 127 })
    else { throw failure(name, "a text of 1 to \(bytesMax) bytes belongs here") }
    return text
  }

  /// Letters, digits and `.`, `_`, `-`, `:`.
  package mutating func word(_ name: String, bytesMax: Int = 100) throws(Rejection) -> String {
    let text = try text(name, bytesMax: bytesMax)
    guard Self.isWord(text) else {
      throw failure(name, "letters, digits, '.', '_', '-' and ':' belong here")
    }
    return text
  }

  /// Nil where it is absent.
  package mutating func optionalWord(
    _ name: String, bytesMax: Int = 100
  ) throws(Rejection) -> String? {
    value(name) == nil ? nil : try word(name, bytesMax: bytesMax)
  }

  static func isWord(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy {
        (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
          || [45, 46, 58, 95].contains($0)
      }
  }

  package mutating func integer(_ name: String, _ range: ClosedRange<Int>) throws(Rejection) -> Int
  {
    guard let number = try optionalInteger(name, range) else {
      throw failure(name, "it is missing; a whole number belongs here")
    }
    return number
  }

  package mutating func optionalInteger(
    _ name: String, _ range: ClosedRange<Int>
  ) throws(Rejection) -> Int? {
    guard let value = value(name) else { return nil }
    guard let number = value.integer, range.contains(number) else {
      throw failure(
        name, "a whole number from \(range.lowerBound) to \(range.upperBound) belongs here")
    }
    return number
  }

  package mutating func optionalNumber(
    _ name: String, _ range: ClosedRange<Double>
  ) throws(Rejection) -> Double? {
    guard let value = value(name) else { return nil }
    guard let number = value.number, range.contains(number) else {
      throw failure(name, "a number from \(range.lowerBound) to \(range.upperBound) belongs here")
    }
    return number
  }

  package mutating func flag(_ name: String) throws(Rejection) -> Bool {
    guard let value = value(name) else { return false }
    guard case .boolean(let truth) = value else {
      throw failure(name, "true or false belongs here")
    }
    return truth
  }

  package mutating func time(_ name: String) throws(Rejection) -> Timestamp {
    guard let time = Timestamp(try text(name)) else {
      throw failure(name, "a time in UTC such as 2026-01-31T12:00:00Z belongs here")
    }
    return time
  }

  /// Empty where it is absent.
  package mutating func items(
    _ name: String, countMax: Int
  ) throws(Rejection) -> [JSON] {
    guard let value = value(name) else { return [] }
    guard let items = value.items, items.count <= countMax else {
      throw failure(name, "a list of at most \(countMax) belongs here")
    }
    return items
  }

  package mutating func texts(
    _ name: String, countMax: Int, bytesMax: Int = 200
  ) throws(Rejection) -> [String] {
    var texts: [String] = []
    for item in try items(name, countMax: countMax) {
      guard let text = item.text, (1...bytesMax).contains(text.utf8.count) else {
        throw failure(name, "texts of 1 to \(bytesMax) bytes belong in the list")
      }
      texts.append(text)
    }
    return texts
  }

  /// Names with texts, such as labels; empty where it is absent.
  package mutating func labels(_ name: String) throws(Rejection) -> [String: String] {
    guard let value = value(name) else { return [:] }
    guard let members = value.members, members.count <= 32 else {
      throw failure(name, "an object of at most 32 labels belongs here")
    }
    var labels: [String: String] = [:]
    for (label, value) in members {
      guard Self.isWord(label), let text = value.text, Self.isWord(text), text.utf8.count <= 100
      else { throw failure(name, "labels are words with words for values") }
      labels[label] = text
    }
    return labels
  }

  /// - Throws: where there are members that were not asked for: they may mean what this version does not know.
  package func finish() throws(Rejection) {
    let unknown = members.keys.filter { !asked.contains($0) }.sorted()
    if let first = unknown.first {
      throw Rejection(
        reason,
        "\(path): there is no member \(first.unicodeScalars.prefix(40).map { $0.escaped(asASCII: true) }.joined())"
      )
    }
  }
}
