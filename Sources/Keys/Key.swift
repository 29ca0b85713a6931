/// Options that the configuration gives, each by a key of its own. Their defaults are those of `init()`, and stand nowhere
/// else.
package protocol KeyedOptions: Equatable, Sendable {
  /// The key of the group.
  static var name: String { get }
  /// What the group is for, in a line.
  static var summary: String { get }
  static var keys: [Key<Self>] { get }
  init()
}

/// One key of the configuration: its name, what may stand there, and which option it is.
package struct Key<Options: KeyedOptions>: Sendable {
  package let name: String
  package let kind: KeyKind
  /// What it is for, in a line.
  package let doc: String
  /// To an option.
  package typealias Path<Value> = any WritableKeyPath<Options, Value> & Sendable
  /// Whether only the box's own files say it, and no command.
  package let isLocal: Bool
  let get: @Sendable (Options) -> KeyValue
  let set: @Sendable (inout Options, KeyValue) -> Void

  package static func integer(
    _ name: String, _ path: Path<Int>, _ range: ClosedRange<Int>,
    _ doc: String
  ) -> Key {
    Key(name: name, kind: .integer(range), doc: doc) {
      .integer($0[keyPath: path])
    } set: {
      if case .integer(let value) = $1 { $0[keyPath: path] = value }
    }
  }

  package static func number(
    _ name: String, _ path: Path<Double>,
    _ range: ClosedRange<Double>, _ doc: String
  ) -> Key {
    Key(name: name, kind: .number(range), doc: doc) {
      .number($0[keyPath: path])
    } set: {
      if case .number(let value) = $1 { $0[keyPath: path] = value }
    }
  }

  package static func flag(
    _ name: String, _ path: Path<Bool>, _ doc: String
  ) -> Key {
    Key(name: name, kind: .flag, doc: doc) {
      .flag($0[keyPath: path])
    } set: {
      if case .flag(let value) = $1 { $0[keyPath: path] = value }
    }
  }

  /// One of the words that a type has.
  package static func choice<Value: RawRepresentable & CaseIterable & SendableMetatype>(
    _ name: String, _ path: Path<Value>, _ doc: String
  ) -> Key where Value.RawValue == String {
    Key(name: name, kind: .choice(Value.allCases.map(\.rawValue)), doc: doc) {
      .word($0[keyPath: path].rawValue)
    } set: {
      if case .word(let word) = $1, let value = Value(rawValue: word) { $0[keyPath: path] = value }
    }
  }

  /// Pictures a second, at most; `off` is nil.
  package static func rate(
    _ name: String, _ path: Path<Double?>, _ doc: String,
    _ range: ClosedRange<Double> = 0.001...1000
  ) -> Key {
    Key(name: name, kind: .optional(.rate(range)), doc: doc) {
      $0[keyPath: path].map { .number($0) } ?? .off
    } set: {
      switch $1 {
      case .off: $0[keyPath: path] = nil
      case .number(let value): $0[keyPath: path] = value
      default: break
      }
    }
  }

  /// Seconds.
  package static func duration(
    _ name: String, _ path: Path<Double>,
    _ range: ClosedRange<Double>, _ doc: String
  ) -> Key {
    Key(name: name, kind: .duration(range), doc: doc) {
      .number($0[keyPath: path])
    } set: {
      if case .number(let value) = $1 { $0[keyPath: path] = value }
    }
  }

  /// - Parameter most: pixels of width, and of height.
  package static func size(
    _ name: String, _ path: Path<KeySize>, _ doc: String, most: Int
  ) -> Key {
    Key(name: name, kind: .size(most), doc: doc) {
      .size($0[keyPath: path])
    } set: {
      if case .size(let value) = $1 { $0[keyPath: path] = value }
    }
  }

  /// A part of the picture; nil, where the key is not there, for all of it.
  package static func area(
    _ name: String, _ path: Path<KeyArea?>, _ doc: String
  ) -> Key {
    Key(name: name, kind: .area, doc: doc) {
      $0[keyPath: path].map { .area($0) } ?? .off
    } set: {
      if case .area(let value) = $1 { $0[keyPath: path] = value }
    }
  }

  /// - Parameter isLocal: whether only the box's own files say it, and no command.
  package static func text(
    _ name: String, _ path: Path<String>, _ doc: String, isLocal: Bool = false
  ) -> Key {
    Key(name: name, kind: .text, doc: doc, isLocal: isLocal) {
      .word($0[keyPath: path])
    } set: {
      if case .word(let text) = $1 { $0[keyPath: path] = text }
    }
  }

  package static func texts(
    _ name: String, _ path: Path<[String]>, _ doc: String, most: Int
  ) -> Key {
    Key(name: name, kind: .list(.text, most: most), doc: doc) {
      .list($0[keyPath: path].map { .word($0) })
    } set: {
      guard case .list(let values) = $1 else { return }
      $0[keyPath: path] = values.compactMap { if case .word(let text) = $0 { text } else { nil } }
    }
  }

  /// Parts of the picture.
  package static func areas(
    _ name: String, _ path: Path<[KeyArea]>, _ doc: String, most: Int
  ) -> Key {
    Key(name: name, kind: .list(.area, most: most), doc: doc) {
      .list($0[keyPath: path].map { .area($0) })
    } set: {
      guard case .list(let values) = $1 else { return }
      $0[keyPath: path] = values.compactMap { if case .area(let area) = $0 { area } else { nil } }
    }
  }

  /// Of any other kind.
  package init(
    name: String, kind: KeyKind, doc: String, isLocal: Bool = false,
    get: @escaping @Sendable (Options) -> KeyValue,
    set: @escaping @Sendable (inout Options, KeyValue) -> Void
  ) {
    self.isLocal = isLocal
    self.name = name
    self.kind = kind
    self.doc = doc
    self.get = get
    self.set = set
  }
}
