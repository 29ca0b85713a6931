/// A value of a YAML document that remembers where it stands.
package struct YAMLNode: Equatable {
  package enum Content: Equatable {
    /// As written; `isQuoted` tells `"5"` from `5`.
    case scalar(String, isQuoted: Bool)
    case sequence([YAMLNode])
    case mapping([Entry])
  }

  package struct Entry: Equatable {
    package var key: String
    package var keyPlace: Place
    package var value: YAMLNode
  }

  package struct Place: Equatable {
    package var file: String
    package var line: Int
    package var column: Int

    package init(file: String, line: Int, column: Int) {
      self.file = file
      self.line = line
      self.column = column
    }
  }

  package var content: Content
  package var place: Place

  package init(content: Content, place: Place) {
    self.content = content
    self.place = place
  }

  /// True for `key:` with nothing behind it, and for YAML's two other ways to write that.
  package var isEmpty: Bool {
    guard case .scalar(let text, isQuoted: false) = content else { return false }
    return text.isEmpty || text == "~" || text == "null"
  }

  private var isScalar: Bool {
    if case .scalar = content { true } else { false }
  }

  /// What the author would call it.
  package var kindName: String {
    switch content {
    case .scalar(let text, _): isEmpty || text.isEmpty ? "nothing" : text.quoted
    case .sequence: "a list"
    case .mapping: "a group of keys"
    }
  }

  /// Lays `other` over this value: groups are joined key by key, everything else is replaced. A group or
  /// a list that `other` names, but leaves empty (what was in it commented out), stays as it is.
  package mutating func merge(_ other: YAMLNode) {
    if other.isEmpty, !isScalar { return }
    guard case .mapping(var mine) = content else {
      self = other
      return
    }
    guard case .mapping(let theirs) = other.content else {
      self = other
      return
    }
    // Found by name, not searched: both may have thousands of keys.
    var indices: [String: Int] = [:]
    for (index, entry) in mine.enumerated() { indices[entry.key] = index }
    for entry in theirs {
      if let index = indices[entry.key] {
        mine[index].value.merge(entry.value)
        mine[index].keyPlace = entry.keyPlace
      } else {
        mine.append(entry)
      }
    }
    content = .mapping(mine)
  }
}

extension String {
  /// As it is shown in a message: short, in quotes, and with nothing in it that a terminal obeys.
  package var quoted: String { "\"\(shown(60))\"" }

  /// The first characters, with all that cannot be seen as numbers.
  package func shown(_ lengthMax: Int) -> String {
    var shown = ""
    for scalar in unicodeScalars.prefix(lengthMax) {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned,
        .privateUse:
        shown += "\\u{\(String(scalar.value, radix: 16))}"
      default: shown.unicodeScalars.append(scalar)
      }
    }
    return unicodeScalars.count > lengthMax ? shown + "…" : shown
  }
}
