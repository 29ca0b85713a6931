import Analysis
import Keys

/// How a camera's analysers are told what to do, for people to read.
package enum AnalyserReference {
  /// Where in a line comments begin, from the key's own column.
  private static let commentColumn = 23

  /// The part of the example of a configuration that is about analysers: all keys, with their defaults. The manual page is made of
  /// the example.
  package static let example = Analysers.keys.map(example).joined()

  static func example(_ table: KeyTable) -> String {
    let first = padded("\(table.name):") + "# or: \(table.name): on"
    let others = table.entries.map { padded("  \($0.name): \($0.example)") + "# \($0.doc)" }
    return ([first] + others).map { "    #\($0)\n" }.joined()
  }

  /// All of them, with their keys, ranges and defaults, what they send, count and need: for a terminal.
  package static let lines = Analysers.all.flatMap(lines)

  static func lines(_ kind: AnalyserKind) -> [String] {
    let names = kind.keys.entries.map(\.name.count).max() ?? 0
    let blanks = String(repeating: " ", count: names)
    let keys = kind.keys.entries.flatMap { entry in
      [
        "  \(entry.name)\(blanks.dropFirst(entry.name.count))  \(entry.doc)",
        "  \(blanks)  \(entry.kind.text). Default: \(entry.default)\(entry.isLocal ? ". No command sets it" : "")",
      ]
    }
    let sent = kind.outputs.map { "  sends \($0.type) to the topic \($0.topic)" }
    let counted = kind.counters.map { "  counts \($0.name): \($0.help)" }
    let tallied = kind.tallies.map { "  counts \($0.name) by \($0.label): \($0.help)" }
    let needed = kind.models.map {
      "  needs \($0.file) (\($0.use); \($0.licence)): \($0.source ?? "your own")"
    }
    return ["\(kind.name): \(kind.keys.summary)"] + keys + sent + counted + tallied + needed
  }

  private static func padded(_ text: String) -> String {
    text + String(repeating: " ", count: max(1, commentColumn - text.count))
  }
}

extension KeyTable.Entry {
  fileprivate var `default`: String { kind == .area ? "everywhere" : standard.text }

  /// The default, or where that is that the key is not there, something that could be.
  fileprivate var example: String {
    switch kind {
    case .area: "640x480+0+0"
    case .duration: "\(standard.text) s"
    default: standard.text
    }
  }
}
