import Synchronization

/// Names faces for threads that analyse frames, by the newest snapshot of a gallery.
///
/// Any number of threads may call `match` at once. No lock is held while it compares: the snapshot and the
/// settings are copied first, each under a lock that is held for no longer than that. A change of either shows in
/// the next call.
package final class PeopleMatcher: Sendable {
  package let gallery: Gallery
  package let model: ModelName
  private let current: Mutex<MatchSettings>

  /// - Parameter model: what makes the encodings that will be asked for.
  package init(
    _ gallery: Gallery, model: ModelName, settings: MatchSettings = MatchSettings()
  ) throws(GalleryError) {
    try settings.check()
    self.gallery = gallery
    self.model = model
    current = Mutex(settings)
    _ = try gallery.snapshot()
  }

  package var settings: MatchSettings { current.withLock { $0 } }

  /// Changes the settings from the next call of `match` on.
  /// - Throws: `.badInput`; they then stay as they were.
  package func set(_ settings: MatchSettings) throws(GalleryError) {
    try settings.check()
    current.withLock { $0 = settings }
  }

  /// Whose faces these are, one for each. Without a snapshot in memory, which happens only where the file could
  /// not be read again after a change, everybody is unknown; `Gallery.snapshot()` tells why.
  package func match(_ encodings: [Encoding]) -> [Identity] {
    let settings = settings
    guard let snapshot = gallery.loadedSnapshot else {
      return encodings.map { _ in Identity(method: settings.method) }
    }
    return snapshot.match(encodings, model: model, settings: settings)
  }

  /// The same of faces' bare numbers, as the encoder gives them; what is no encoding is unknown.
  package func identify(_ faces: [[Float]]) -> [Identity] {
    let encodings = faces.map { try? Encoding($0) }
    var identities = match(encodings.compactMap(\.self)).makeIterator()
    let nobody = Identity(method: settings.method)
    return encodings.map { $0 == nil ? nobody : identities.next() ?? nobody }
  }
}
