extension JSON {
  /// The members of an object, in the order that they are written in.
  package struct Members: Equatable, Sendable, ExpressibleByDictionaryLiteral {
    package private(set) var list: [(name: String, value: JSON)]

    /// - Parameter list: no name may be in it twice.
    package init(_ list: [(String, JSON)]) { self.list = list.map { ($0, $1) } }

    /// In the order of their names.
    package init(_ members: [String: JSON]) {
      list = members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    package init(dictionaryLiteral members: (String, JSON)...) { self.init(members) }

    /// Nil where there is none; nil takes one away. Gone through one by one: whoever asks for many takes `byName`.
    package subscript(name: String) -> JSON? {
      get { list.first { $0.name == name }?.value }
      set {
        let place = list.firstIndex { $0.name == name }
        switch (place, newValue) {
        case (let place?, let value?): list[place].value = value
        case (let place?, nil): list.remove(at: place)
        case (nil, let value?): list.append((name, value))
        case (nil, nil): break
        }
      }
    }

    package var byName: [String: JSON] {
      Dictionary(list.map { ($0.name, $0.value) }) { $1 }
    }

    package static func == (one: Members, other: Members) -> Bool {
      one.list.count == other.list.count && one.byName == other.byName
    }
  }
}
