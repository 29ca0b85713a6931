import Foundation
import Testing

/// docs/security.md names tests, and they are there.
@Suite struct SecurityDocumentTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../..").standardizedFileURL

  /// The names of all tests, as they are written.
  private static func tests() throws -> Set<String> {
    var names: Set<String> = []
    let folder = root.appendingPathComponent("Tests")
    let files = try #require(
      FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
    for case let file as URL in files where file.pathExtension == "swift" {
      let text = try String(contentsOf: file, encoding: .utf8)
      for match in text.matches(of: #/func\s+`([^`]+)`/#) { names.insert(String(match.1)) }
      for match in text.matches(of: #/@Test\(\s*"([^"]+)"/#) { names.insert(String(match.1)) }
    }
    return names
  }

  @Test func `Each line of the threat model names its tests, and they exist`() throws {
    let tests = try Self.tests()
    let text = try String(
      contentsOf: Self.root.appendingPathComponent("docs/security.md"), encoding: .utf8)
    let rows = text.split(separator: "\n").filter {
      $0.hasPrefix("| ") && !$0.hasPrefix("| can |")
    }
    #expect(rows.count > 25)
    for row in rows {
      let cells = row.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
      #expect(cells.count == 4, "\(row)")
      let named = (cells.last ?? "").matches(of: #/`([^`]+)`/#).map { String($0.1) }
      #expect(!named.isEmpty, "\(row)")
      for name in named { #expect(tests.contains(name), "no test is called \"\(name)\"") }
    }
  }

  @Test func `Each attack that is tried has its line`() throws {
    let text = try String(
      contentsOf: Self.root.appendingPathComponent("docs/security.md"), encoding: .utf8)
    for name in ["AttackTests", "AbuseTests"] {
      let source = try String(
        contentsOf: Self.root.appendingPathComponent("Tests/ControlTests/\(name).swift"),
        encoding: .utf8)
      let tests = source.matches(of: #/@Test\(\s*"([^"]+)"/#).map { String($0.1) }
      #expect(tests.count > 4)
      // What must go on working is no attack.
      let others = [
        "may lay the same message out differently", "is no weak key where somebody has made it",
        "is not told apart by clocks, percent or order of labels: rollouts grow",
      ]
      for test in tests where !others.contains(test) {
        #expect(text.contains("`\(test)`"), "\(test)")
      }
    }
  }
}
