import Analysers
import Settings
import Testing
import YAML

@testable import Agent

/// Every key of the configuration reaches the room that it is for.
@Suite struct AssemblyTests {
  @Test(arguments: AssemblyRow.all)
  func `A key changes the options that it is for, and no others`(row: AssemblyRow) throws {
    let before = try row.assembly(isChanged: false)
    let after = try row.assembly(isChanged: true)
    #expect(!row.isAsWritten(before), "the row's value is the default")
    #expect(row.isAsWritten(after))
    var restored = after
    row.restore(&restored, before)
    #expect(restored == before, "it changes more than it is for")
  }

  /// So none can be added that is read and then forgotten.
  @Test func `There is a row for each key that the decoder knows, and for no other`() throws {
    let known =
      try keys(of: "", isOfReplay: false) + keys(of: "cameras.front.replay", isOfReplay: true)
    #expect(known.count > 80)
    // Overrides are judged by this one, which no room has.
    let judged = ["control.replays"]
    #expect(Set(known).symmetricDifference(AssemblyRow.all.map(\.key) + judged) == [])
    #expect(AssemblyRow.all.count == Set(AssemblyRow.all.map(\.key)).count)
  }

  @Test(arguments: AssemblyRow.all)
  func `Whatever is otherwise is told`(row: AssemblyRow) throws {
    let before = try row.assembly(isChanged: false)
    let after = try row.assembly(isChanged: true)
    let told = after.differences(from: before)
    let group = row.key.split(separator: ".").prefix { $0 != "front" }.first.map(String.init) ?? ""
    #expect(!told.isEmpty && told.allSatisfy { $0.hasPrefix(group) }, "\(told)")
    #expect(before.differences(from: before).isEmpty)
  }

  /// The keys below a group, as the decoder names them where there is one that it does not know.
  private func keys(of group: String, isOfReplay: Bool) throws -> [String] {
    // A rectangle is one value.
    guard let names = known(in: group, isOfReplay), names != ["height", "width", "x", "y"] else {
      return [group]
    }
    return try names.flatMap { name in
      switch group.isEmpty ? name : "\(group).\(name)" {
      // Cameras have names of their own; a replay is looked at by itself.
      case "cameras": try keys(of: "cameras.front", isOfReplay: isOfReplay)
      case "cameras.front.replay": [String]()
      case let key: try keys(of: key, isOfReplay: isOfReplay)
      }
    }
  }

  /// Nil where what stands there is no group of keys.
  private func known(in group: String, _ isOfReplay: Bool) -> [String]? {
    let strange = "qqqqqqqqqqqqqqqqqqqqqqqq"
    let key = group.isEmpty ? strange : "\(group).\(strange)"
    do throws(SettingsError) {
      _ = try AssemblyRow.settings(isOfReplay, over: (key, "1"))
      return nil
    } catch {
      let told = error.diagnostics.map(\.message).first { $0.contains("known here: ") }
      return told?.split(separator: "known here: ").last?.split(separator: ", ").map(String.init)
    }
  }
}
