import Foundation
import Testing

/// docs/architecture.md tells of what there is.
@Suite struct ArchitectureDocumentTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../..").standardizedFileURL

  private static func text(_ name: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(name), encoding: .utf8)
  }

  /// The Swift files of the agent, by their names.
  private static func sources() throws -> [String: String] {
    var sources: [String: String] = [:]
    let folder = root.appendingPathComponent("Sources")
    let files = try #require(
      FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
    for case let file as URL in files where file.pathExtension == "swift" {
      sources[file.lastPathComponent] = try String(contentsOf: file, encoding: .utf8)
    }
    return sources
  }

  /// The rows of the table under a heading, a list of cells each.
  private static func table(under heading: String) throws -> [[String]] {
    let text = try text("docs/architecture.md")
    let start = try #require(text.range(of: "\n## \(heading)\n")).upperBound
    let part = text[start...].components(separatedBy: "\n## ")[0]
    let rows = part.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst()
    return rows.map { row in
      row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }

  private static func quoted(_ text: String) -> [String] {
    text.matches(of: #/`([^`\n]+)`/#).map { String($0.1) }
  }

  /// Rooms and programs of Package.swift, with what each depends on.
  private static func dependencies() throws -> [String: [String]] {
    let package = try text("Package.swift")
    var found: [String: [String]] = [:]
    for match in package.matches(of: #/(?:room|program)\(\s*"(\w+)",\s*\[([^\]]*)\]([^\n]*)/#) {
      // Programs of tests have a path of their own.
      guard !match.3.contains("path:") else { continue }
      let name = String(match.1)
      guard
        FileManager.default.fileExists(
          atPath: root.appendingPathComponent("Sources/\(name)").path)
      else { continue }
      found[name] = match.2.matches(of: #/"(\w+)"/#).map { String($0.1) }
    }
    return found
  }

  @Test func `Each room has its layer, and no arrow goes up`() throws {
    let layers = try Self.table(under: "Rooms").map { Self.quoted($0[1]) }
    var height: [String: Int] = [:]
    for (number, layer) in layers.enumerated() {
      for room in layer {
        #expect(height[room] == nil, "\(room) stands twice")
        height[room] = number
      }
    }
    // Analysers are told of together.
    let ofAnalysers = height.removeValue(forKey: "…Analyser")
    let dependencies = try Self.dependencies()
    for room in dependencies.keys where room.hasSuffix("Analyser") { height[room] = ofAnalysers }
    #expect(dependencies.count > 25)
    #expect(Set(height.keys) == Set(dependencies.keys))
    for (room, others) in dependencies {
      for other in others where dependencies[other] != nil {
        let (from, to) = (try #require(height[room]), try #require(height[other]))
        #expect(from <= to, "\(room) uses \(other), which is in a higher layer")
      }
    }
  }

  @Test func `Each room is told of in CONTRIBUTING`() throws {
    let text = try Self.text("CONTRIBUTING.md")
    for room in try Self.dependencies().keys where !room.hasSuffix("Analyser") {
      #expect(text.contains("`\(room)`"), "\(room)")
    }
  }

  @Test func `Each thread is in the table, with the file that starts it`() throws {
    let sources = try Self.sources()
    let rows = try Self.table(under: "Processes and threads")
    let named = rows.flatMap { Self.quoted($0[0]) }
    for (file, text) in sources {
      for match in text.matches(of: #/NamedThread\("([^"\\]+)/#) {
        let beginning = String(match.1)
        let row = rows.first { row in
          Self.quoted(row[0]).contains { name in
            beginning.hasSuffix("-") ? name.hasPrefix(beginning) : name == beginning
          }
        }
        let found = try #require(row, "\(file) starts a thread \(beginning)")
        #expect(Self.quoted(found[2]).contains(file), "\(beginning) is started in \(file)")
      }
    }
    for name in named {
      let isStarted = sources.values.contains { text in
        text.contains("NamedThread(\"\(name)\"")
          || name.last?.isUppercase == true
            && text.contains("NamedThread(\"\(name.prefix { !$0.isUppercase })\\(")
      }
      #expect(isStarted, "nothing starts a thread \(name)")
    }
  }

  @Test func `Each file that it names exists`() throws {
    let sources = try Self.sources()
    let text = try Self.text("docs/architecture.md")
    let named = Self.quoted(text).filter { $0.hasSuffix(".swift") }
    #expect(named.count > 30)
    for name in named {
      let last = String(name.split(separator: "/").last ?? "")
      let isThere =
        last.contains("…")
        ? sources.keys.contains { $0.hasPrefix(last.prefix { $0 != "…" }) } : sources[last] != nil
      #expect(isThere || name == "Package.swift", "\(name)")
    }
  }
}
