import Motion
import Testing

struct EpisodeTests {
  private func finding(_ x: Int?) -> MotionFinding {
    var finding = MotionFinding()
    if let x { finding.boxes = [MotionBox(x: x, y: 0, width: 8, height: 8)] }
    return finding
  }

  @Test func `Motion begins at once, is told of once a second, and ends after a second`() {
    var episodes = MotionEpisodes()
    var told: [String] = []
    // Ten pictures a second: motion from 1 s to 4 s with a pause of half a second in it.
    for tick in 0..<70 {
      let isMoving = (10..<40).contains(tick) && !(20..<25).contains(tick)
      let change = episodes.note(finding(isMoving ? tick : nil), at: UInt64(tick) * 100_000_000)
      if let change { told.append("\(tick) \(change)") }
    }
    #expect(told == ["10 began", "25 changed", "35 changed", "49 ended"])
    #expect(!episodes.isMotion)
  }

  @Test func `What goes on unchanged is not told again`() {
    var episodes = MotionEpisodes()
    let changes = (0..<50).compactMap {
      episodes.note(finding(8), at: UInt64($0) * 100_000_000)
    }
    #expect(changes == [.began])
  }
}
