/// A group of keys, for whoever reads, checks or documents it without knowing what the options are for.
package struct KeyTable: Sendable {
  package struct Entry: Sendable {
    package var name: String
    package var kind: KeyKind
    /// What holds where the key is not there.
    package var standard: KeyValue
    package var doc: String
    /// Whether only the box's own files say it, and no command.
    package var isLocal: Bool
  }

  /// The key of the group.
  package let name: String
  /// What the group is for, in a line.
  package let summary: String
  package let entries: [Entry]
  /// Topics whose names can be given below `kafka.topics`, for what the group has sent.
  package let topics: [String]
  private let make: @Sendable ([String: KeyValue]) -> AnyOptions

  package init<Options: KeyedOptions>(_ options: Options.Type, topics: [String] = []) {
    self.topics = topics
    name = Options.name
    summary = Options.summary
    entries = Options.keys.map {
      Entry(
        name: $0.name, kind: $0.kind, standard: $0.get(Options()), doc: $0.doc,
        isLocal: $0.isLocal)
    }
    make = { values in
      var options = Options()
      for key in Options.keys {
        if let value = values[key.name] { key.set(&options, value) }
      }
      return AnyOptions(options)
    }
  }

  /// The options with these values, and defaults for those that are not among them.
  package func options(_ values: [String: KeyValue]) -> AnyOptions { make(values) }
}

/// The options of a group whose type is not known.
package struct AnyOptions: Equatable, Sendable {
  private let options: any KeyedOptions

  package init(_ options: some KeyedOptions) { self.options = options }

  /// Nil where they are of another type.
  package func `as`<Options: KeyedOptions>(_ type: Options.Type = Options.self) -> Options? {
    options as? Options
  }

  /// The value of each key.
  package var values: [(name: String, value: KeyValue)] { Self.values(of: options) }

  private static func values<Options: KeyedOptions>(
    of options: Options
  ) -> [(name: String, value: KeyValue)] {
    Options.keys.map { ($0.name, $0.get(options)) }
  }

  package static func == (one: AnyOptions, other: AnyOptions) -> Bool {
    isEqual(one.options, other.options)
  }

  private static func isEqual<Options: KeyedOptions>(
    _ one: Options, _ other: any KeyedOptions
  ) -> Bool {
    (other as? Options) == one
  }
}
