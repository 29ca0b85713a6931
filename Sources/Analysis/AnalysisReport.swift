package import Colours
package import Faces
package import Frames
package import Gallery

/// A published picture, to be looked at.
package struct PublishedPicture: Sendable {
  package var jpeg: PooledBytes
  package var size: FrameSize
  package var time: FrameTime
  /// The `ce_sequence` that it is published by; nil where pictures as they are go nowhere.
  package var sequence: UInt64?

  package init(jpeg: PooledBytes, size: FrameSize, time: FrameTime, sequence: UInt64?) {
    self.jpeg = jpeg
    self.size = size
    self.time = time
    self.sequence = sequence
  }
}

/// What was seen in a picture.
package struct AnalysisReport: Sendable {
  package var faces: FacesReport?
  package var colours: Clustering?
  /// The picture with boxes and names.
  package var annotated: PooledBytes?
  /// The picture in its palette's colours.
  package var clustered: PooledBytes?
  package var chips: [FaceChip] = []
}

package struct FacesReport: Sendable {
  package var work: FaceAnalysis.Work
  /// Whether there is more to say than that faces moved: the picture was searched, or the gallery is another.
  package var isNews: Bool
  package var faces: [SeenFace]
}

/// A face, and whose it is.
package struct SeenFace: Sendable {
  package var face: AnalysedFace
  /// What its track was called by most votes; nil for Unknown.
  package var label: PersonName?
  /// That name's part of the votes, weighted by the area of the face, 0…1; nil before any vote.
  package var share: Double?
  /// What the last encoding of the track was compared with; nil where there was none yet.
  package var identity: Identity?
}

/// A face cut out.
package struct FaceChip: Sendable {
  package var jpeg: PooledBytes
  package var track: Int
  package var label: PersonName?
}
