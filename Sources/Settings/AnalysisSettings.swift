/// The threads that look at pictures, and what they need.
package struct AnalysisSettings: Equatable, Sendable {
  /// Threads; nil for one less than there are processors, at least one.
  package var workers: Int?
  /// How far they stand back behind all else: 0…19.
  package var nice = 10
  /// A folder with the models of faces.
  package var models = "/usr/share/vedette/models"
  /// The file of known people.
  package var gallery = "/var/lib/vedette/gallery.sqlite"
  package init() {}
}
