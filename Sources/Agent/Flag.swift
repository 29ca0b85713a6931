import Synchronization

/// A truth that several threads share.
final class Flag: Sendable {
  private let storage = Atomic(false)

  var value: Bool { storage.load(ordering: .relaxed) }

  /// - Returns: what it was.
  func set(_ value: Bool) -> Bool { storage.exchange(value, ordering: .relaxed) }
}
