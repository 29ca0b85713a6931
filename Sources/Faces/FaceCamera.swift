import Frames
import Synchronization

/// What is known of one camera's faces from its pictures so far: tracks, votes on names, and when to search
/// again. Pictures are to be given in their order, each to whichever worker's engine is free; calls wait for each
/// other.
package final class FaceCamera: Sendable {
  private let history = Mutex(FaceHistory())

  package init() {}

  /// Adds what a face of the track was taken for; nil for Unknown. The weight is how large the face was: its area.
  /// - Returns: what the track is to be called now, and that name's part of all weight; nil where the track is no
  ///   more, and before any vote.
  @discardableResult
  package func vote(
    _ name: String?, forTrack id: Int, weight: Double
  ) -> (name: String?, share: Double)? {
    history.withLock { $0.vote(name, forTrack: id, weight: weight) }
  }

  /// What the votes say of a track that is there.
  package func name(ofTrack id: Int) -> (name: String?, share: Double)? {
    history.withLock { $0.name(ofTrack: id) }
  }

  /// Forgets all votes, because the gallery is another.
  package func forgetNames() {
    history.withLock { $0.forgetNames() }
  }

  func analyse(
    _ luma: RawSpan, _ layout: PixelLayout, by engine: FaceEngine, _ settings: FaceSettings,
    _ colour: (FaceBox) throws(FacesError) -> FacePatch?
  ) throws(FacesError) -> FaceAnalysis {
    try history.withLock { history throws(FacesError) in
      try history.step(luma, layout, engine, settings, colour)
    }
  }
}
