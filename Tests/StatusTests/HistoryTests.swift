import Documents
import Foundation
import Testing

@testable import Status

@Suite struct HistoryTests {
  private struct Shown: Decodable {
    var interval_s: Double
    var delivered_per_s: [Double]
    var spool_bytes: [Int]
  }

  /// The history of a box that is looked at once a second, and delivers 30 frames in each.
  private func history(seconds: Int) throws -> Shown {
    var history = History()
    for second in 0...seconds {
      history.note(Double(second), delivered: 30 * second, spoolBytes: second)
    }
    return try JSONDecoder().decode(Shown.self, from: Data(history.json.line.utf8))
  }

  @Test func `It has a point for each five seconds, and says frames a second`() throws {
    let shown = try history(seconds: 20)
    #expect(shown.interval_s == 5)
    #expect(shown.delivered_per_s == [30, 30, 30, 30])
    #expect(shown.spool_bytes == [5, 10, 15, 20])
  }

  @Test func `It holds the last hour, and the newest point is the last`() throws {
    let shown = try history(seconds: 10_000)
    #expect(shown.delivered_per_s.count == 720)
    #expect(shown.spool_bytes.last == 10_000)
    #expect(shown.spool_bytes.first == 10_000 - 719 * 5)
  }

  @Test func `A box that has only begun has an empty one`() throws {
    #expect(try history(seconds: 0).delivered_per_s.isEmpty)
  }
}
