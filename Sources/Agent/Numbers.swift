import Synchronization

/// Numbers from 0 on, each given once.
final class Numbers: Sendable {
  private let nextNumber = Atomic<UInt64>(0)

  func next() -> UInt64 {
    nextNumber.add(1, ordering: .relaxed).oldValue
  }
}
