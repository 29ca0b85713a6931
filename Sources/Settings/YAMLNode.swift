/// A value of a YAML document that remembers where it stands.
struct YAMLNode: Equatable {
  enum Content: Equatable {
    /// As written; `isQuoted` tells `"5"` from `5`.
    case scalar(String, isQuoted: Bool)
    case sequence([YAMLNode])
    case mapping([Entry])
  }

  struct Entry: Equatable {
    var key: String
    var keyPlace: Place
    var value: YAMLNode
  }

  struct Place: Equatable {
    var file: String
    var line: Int
    var column: Int
  }

  var content: Content
  var place: Place

  /// What the author would call it.
  var kindName: String {
    switch content {
    case .scalar(let text, _): text.isEmpty ? "nothing" : "\"\(text.prefix(40))\""
    case .sequence: "a list"
    case .mapping: "a group of keys"
    }
  }

  /// Lays `other` over this value: groups are joined key by key, everything else is replaced.
  mutating func merge(_ other: YAMLNode) {
    guard case .mapping(var mine) = content, case .mapping(let theirs) = other.content else {
      self = other
      return
    }
    for entry in theirs {
      if let index = mine.firstIndex(where: { $0.key == entry.key }) {
        mine[index].value.merge(entry.value)
        mine[index].keyPlace = entry.keyPlace
      } else {
        mine.append(entry)
      }
    }
    content = .mapping(mine)
  }
}
