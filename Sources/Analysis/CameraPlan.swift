package import Colours
package import Faces
package import Gallery
package import Imaging

/// What is to be done with a camera's pictures.
package struct CameraPlan: Equatable, Sendable {
  package enum Chips: Equatable, Sendable { case off, crop, cutout }

  /// Nil where nobody looks for faces.
  package var faces: FaceSettings?
  /// Pictures searched for faces per second, at most.
  package var facesRate: Double?
  /// Where faces are sought, in pixels; nil for everywhere.
  package var facesRegion: Rectangle?
  /// When a face gets a name; nil where none does.
  package var match: MatchSettings?
  /// Whether pictures with boxes and names are wanted.
  package var annotates = true
  package var chips = Chips.off
  /// Nil where colours are not clustered.
  package var colours: ColourSettings?
  package var coloursRate: Double?
  /// Pictures in their palette's colours per second, at most; nil for none.
  package var clusteredRate: Double?
  /// JPEG quality of what is made, 1…100.
  package var quality = 80

  package init() {}

  package var isIdle: Bool { faces == nil && colours == nil }
}
