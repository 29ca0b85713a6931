import Analysis
import Colours
import Documents
import Frames
import Testing

@testable import ColourAnalyser

/// The silhouette over the control topic, on pictures that a box should not take long for.
@Suite struct SilhouetteWorkTests {
  /// Each pixel of another colour.
  private func rainbow(_ side: Int) -> [UInt8] {
    (0..<side * side).flatMap {
      [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8), UInt8($0 >> 16)]
    }
  }

  private func failure(
    _ side: Int, lambda: Double, isStopping: () -> Bool = { false }
  ) -> AnalyserFault? {
    do {
      _ = try SilhouetteWork.measure(
        FrameSize(width: side, height: side), rainbow(side), lambda: lambda,
        isStopping: isStopping)
      return nil
    } catch { return error }
  }

  @Test func `More colours than there is time for are refused before the work`() {
    let found = failure(1024, lambda: 50) {
      Issue.record("it was begun"); return true
    }
    #expect(found?.description.contains("1048576 colours") == true)
    #expect(found?.kind == .passing)
  }

  @Test(arguments: [0, 0.5, -1, 1e9, .nan] as [Double])
  func `A lambda that makes a cluster of each colour is refused before the picture is read`(
    lambda: Double
  ) {
    let error = #expect(throws: AnalyserFault.self) {
      _ = try SilhouetteWork.run(
        BytePool().take(capacity: 1), lambda: lambda, isStopping: { false })
    }
    #expect(error?.description.contains("a silhouette takes") == true)
  }

  @Test func `A node that ends waits for none, and the command goes on later`() {
    var asked = 0
    let found = failure(200, lambda: 20) {
      asked += 1
      return asked > 5
    }
    #expect(found?.kind == .cancelled && asked == 6)
  }

  @Test func `It is asked while colours are clustered, and anew while they are compared`() throws {
    let (side, lambda) = (40, 50.0)
    let pixels = rainbow(side)
    var clustering = 0
    let clusterer = ColourClusterer(settings: ColourSettings(lambda: lambda, coreset: .exact))
    clusterer.isCancelled = {
      clustering += 1
      return false
    }
    _ = try clusterer.cluster(rgb: pixels.span, width: side, height: side)
    _ = try clusterer.labelled(rgb: pixels.span, width: side, height: side)
    #expect(clustering > 10)
    var asked = 0
    let whole = failure(side, lambda: lambda) {
      asked += 1
      return false
    }
    #expect(whole == nil && asked > clustering)
    // The clustering is done by then.
    asked = 0
    let found = failure(side, lambda: lambda) {
      asked += 1
      return asked > clustering
    }
    #expect(found?.kind == .cancelled && asked == clustering + 1)
  }

  @Test func `A picture within the bounds is measured`() throws {
    let facts = try SilhouetteWork.measure(
      FrameSize(width: 40, height: 40), rainbow(40), lambda: 50, isStopping: { false })
    #expect(facts["silhouette"]?.number.map { (-1...1).contains($0) } == true)
  }
}
