import Gallery
import Synchronization

/// Photographs are decoded and looked at before the transaction, by libraries: what kills the process must not do so at
/// every start. So it is written down before that a command is begun.
extension ControlDesk {
  private static let attemptPrefix = "control/attempt/"
  /// Commands that were begun and never came to an end, of which more than a few make no sense.
  private static let unendedMax = 64

  /// Reads the photographs of `people`, unless the command has killed the node before.
  /// - Throws: `.cancelled` where the node is ending; the command is then as if it had not been begun.
  func look(
    at people: [GalleryPerson], of envelope: Envelope, _ prepared: inout Prepared
  ) throws(GalleryError) {
    prepared.photos.readings = people.map { _ in [] }
    guard people.contains(where: { !$0.photos.isEmpty }) else { return }
    let digest = Digest(of: Array("\(envelope.issuer)\n\(envelope.id)".utf8))
    let key = Self.attemptPrefix + digest.description
    prepared.attemptKey = key
    guard try begin(key) else {
      prepared.failure = Self.deadly
      return
    }
    var pixels = target.photoPixelsMax
    for (place, person) in people.enumerated() {
      for photo in person.photos {
        prepared.photos.readings[place].append(target.read(photo: photo, pixels: &pixels))
        if isEnding.load(ordering: .relaxed) {
          try forget(key)
          throw GalleryError(.cancelled, "the node is ending")
        }
      }
    }
  }

  /// The node is ending: that is no fault of what it is at.
  func forgive() {
    isEnding.store(true, ordering: .relaxed)
    guard let key = attempted.withLock({ $0 }) else { return }
    try? forget(key)
  }

  /// Counts an attempt. Where its end could only not be written, it is the same one.
  private func begin(_ key: String) throws(GalleryError) -> Bool {
    guard attempted.withLock({ $0 }) != key else { return true }
    let isBegun = try gallery.transaction { edit throws(GalleryError) in
      let before = try edit.state(key).flatMap(ControlMemory.number) ?? 0
      guard before < Self.attemptsMax else { return false }
      let others = try edit.states(prefix: Self.attemptPrefix).map(\.key).filter { $0 != key }
      if others.count >= Self.unendedMax {
        for other in others { try edit.setState(other, nil) }
      }
      try edit.setState(key, ControlMemory.bytes(max(0, before) + 1))
      return true
    }
    if isBegun { attempted.withLock { $0 = key } }
    return isBegun
  }

  private func forget(_ key: String) throws(GalleryError) {
    try gallery.transaction { edit throws(GalleryError) in try edit.setState(key, nil) }
  }
}
