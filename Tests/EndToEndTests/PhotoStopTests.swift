import Foundation
import Gallery
import TestBombs
import TestFetching
import Testing

/// SIGTERM while a command's photographs are looked at.
@Suite(
  .serialized, .timeLimit(.minutes(5)),
  .enabled(if: AnalysisTests.areThere, "the package registry cannot be reached"))
struct PhotoStopTests: CommandedBox {
  let ops: Operator

  init() throws {
    ops = try Operator()
    for number in 0..<2 {
      // Of as many pixels as are not halved: seconds of searching, since nobody is found at once.
      try folder.write(
        "\(number).png", TestBombs.png(width: 2500 - number, height: 2500, colour: 2))
    }
  }

  private func daemon() throws -> Daemon {
    let daemon = try Daemon(
      broker.address, delivery: "{shutdown_budget: 8 s}",
      analysis:
        "{gallery: '\(folder.path)/gallery.sqlite', models: '\(try #require(AnalysisTests.models))'}",
      control: "{keys: '\(folder.path)/keys.d'}",
      cameras: "  front: {replay: {path: '\(try #require(AnalysisTests.portraits))', rate: 1}}")
    daemon.waitForLog("reading vedette.control", seconds: 60)
    return daemon
  }

  /// Commands whose photographs are looked at, as the node's file has it.
  private func begun() throws -> Int {
    try Gallery("\(folder.path)/gallery.sqlite", isLoaded: false)
      .transaction { edit throws(GalleryError) in
        try edit.states(prefix: "control/attempt/").count
      }
  }

  private func waitForLook(_ daemon: Daemon) throws {
    let deadline = Date().addingTimeInterval(60)
    while try begun() == 0 {
      guard Date() < deadline else {
        Issue.record("no photograph is looked at; the log: \(daemon.program.log)")
        return
      }
      usleep(20_000)
    }
  }

  @Test func `The agent ends within its budget, and the command is done after its next start`()
    throws
  {
    let first = try daemon()
    let sent = try ops.begin(
      [
        "--timeout", "240", "--json", "--node", "box-1", "gallery.put",
        "--photo", "Barack Obama=\(try #require(AnalysisTests.portraits))/obama.jpg",
        "--photo", "Nobody=\(folder.path)/0.png", "--photo", "Nobody=\(folder.path)/1.png",
      ])
    // As often as an agent may die of a command: an end is no death.
    var daemon = first
    for _ in 0..<2 {
      try waitForLook(daemon)
      // The budget, and what a machine that does much else needs to end a process.
      #expect(daemon.program.end(within: 12) == 0)
      #expect(try begun() == 0)
      daemon = try self.daemon()
    }
    var answers: [[String: Any]] = []
    while case let line = sent.readLine(), !line.isEmpty {
      answers.append(
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]))
    }
    // Nothing was told of the times before.
    #expect(answers.compactMap { $0["state"] as? String } == ["accepted", "succeeded"])
    let photos = (answers.last?["facts"] as? [String: Any])?["photos"] as? [[String: Any]]
    #expect(
      photos?.compactMap { $0["outcome"] as? String } == ["added", "no_face", "no_face"],
      "\(answers)")
    #expect(daemon.program.end(within: 12) == 0)
  }
}
