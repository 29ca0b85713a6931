import Analysers
import Analysis
import Capture
import Keys
import Settings
import Testing

@testable import Agent

/// A key of the configuration, and the option of a room that it is.
struct AssemblyRow: Sendable, CustomTestStringConvertible {
  /// As in an error message.
  let key: String
  /// As it stands in a file; another value than the one in the configuration below.
  let value: String
  /// Whether the option has the key's value.
  let isAsWritten: @Sendable (Assembly) -> Bool
  /// Makes the options of the key, and no others, those of another assembly.
  let restore: @Sendable (inout Assembly, Assembly) -> Void

  var testDescription: String { key }

  /// - Parameters:
  ///   - option: where the room's option is.
  ///   - more: other options that are made of the same key.
  init<Option: Equatable & Sendable>(
    _ key: String, _ value: String, _ option: any WritableKeyPath<Assembly, Option> & Sendable,
    _ expected: Option, more: (@Sendable (inout Assembly, Assembly) -> Void)? = nil
  ) {
    self.key = key
    self.value = value
    isAsWritten = { $0[keyPath: option] == expected }
    restore = { assembly, other in
      assembly[keyPath: option] = other[keyPath: option]
      more?(&assembly, other)
    }
  }

  /// A key of a part that need not be there.
  init<Part: Sendable, Option: Equatable & Sendable>(
    _ key: String, _ value: String, of part: any WritableKeyPath<Assembly, Part?> & Sendable,
    _ option: any WritableKeyPath<Part, Option> & Sendable, _ expected: Option,
    more: (@Sendable (inout Assembly, Assembly) -> Void)? = nil
  ) {
    self.key = key
    self.value = value
    isAsWritten = { $0[keyPath: part]?[keyPath: option] == expected }
    restore = { assembly, other in
      if let before = other[keyPath: part]?[keyPath: option] {
        assembly[keyPath: part]?[keyPath: option] = before
      }
      more?(&assembly, other)
    }
  }

  /// A key of an analyser.
  init(_ analyser: KeyTable, _ entry: KeyTable.Entry) {
    key = "cameras.front.\(analyser.name).\(entry.name)"
    let other = Self.other(entry.kind, than: entry.standard)
    value = Self.written(other, entry.kind)
    let name = analyser.name
    isAsWritten = { assembly in
      let options = assembly.cameras[0].plan.analysers[name]
      return options?.values.first { $0.name == entry.name }?.value == other
    }
    restore = { assembly, other in
      assembly.cameras[0].plan.analysers[name] = other.cameras[0].plan.analysers[name]
    }
  }

  private static func other(_ kind: KeyKind, than standard: KeyValue) -> KeyValue {
    switch kind {
    case .integer(let range):
      .integer(standard == .integer(range.upperBound) ? range.lowerBound : range.upperBound)
    case .number(let range), .rate(let range), .duration(let range):
      .number(standard == .number(range.upperBound) ? range.lowerBound : range.upperBound)
    case .flag: .flag(standard == .flag(false))
    case .choice(let words): .word(standard == .word(words[0]) ? words[1] : words[0])
    case .size(let most): .size(KeySize(width: most, height: most))
    case .area: .area(KeyArea(x: 1, y: 2, width: 30, height: 40))
    case .text: .word("other")
    case .list(let kind, _): .list([other(kind, than: .off)])
    case .optional(let kind): standard == .off ? other(kind, than: standard) : .off
    case .words(let words, let kind):
      standard == .word(words[0]) ? other(kind, than: standard) : .word(words[0])
    }
  }

  private static func written(_ value: KeyValue, _ kind: KeyKind) -> String {
    switch kind {
    case .duration: "\(value.text) s"
    case .optional(let kind), .words(_, let kind): value == .off ? "off" : written(value, kind)
    default: value.text
    }
  }
}

extension AssemblyRow {
  /// The configuration that a key is changed in: all groups are there, and all analysers.
  static let configuration = """
    node: box
    control: on
    spool: {folder: /spool}
    cameras:
      front: {device: /dev/none, \(Analysers.names.map { "\($0): on" }.joined(separator: ", "))}
    """
  /// The same with a camera that is a replay.
  static let replayed = """
    node: box
    cameras: {front: {replay: {path: /pictures}}}
    """

  var isOfReplay: Bool { key.hasPrefix("cameras.front.replay") }

  /// What the configuration says, with the key's value laid over it where `isChanged`.
  func assembly(isChanged: Bool) throws -> Assembly {
    Assembly(
      try Self.settings(isOfReplay, over: isChanged ? (key, value) : nil))
  }

  static func settings(
    _ isOfReplay: Bool, over: (key: String, value: String)? = nil
  ) throws(SettingsError) -> Settings {
    var files = [(name: "v.yaml", text: Array((isOfReplay ? replayed : configuration).utf8))]
    if let over {
      files.append((name: "w.yaml", text: Array(nested(over.key, over.value).utf8)))
    }
    return try SettingsLoader.parse(files, folder: "/etc", analysers: Analysers.keys).settings
  }

  /// A file that says nothing but one key.
  static func nested(_ key: String, _ value: String) -> String {
    key.split(separator: ".").reversed().reduce(value) { "{\($1): \($0)}" }
  }
}
