import Synchronization

/// Numbers from 0 on, each given once.
final class Numbers: Sendable {
  private let nextNumber = Atomic<UInt64>(0)

  func next() -> UInt64 {
    nextNumber.add(1, ordering: .relaxed).oldValue
  }
}

/// The numbers of streams by their names: a stream that is replaced goes on where the old one was.
final class NumberBook: Sendable {
  private let known = Mutex<[String: Numbers]>([:])

  subscript(name: String) -> Numbers {
    known.withLock { known in
      if let numbers = known[name] { return numbers }
      let numbers = Numbers()
      known[name] = numbers
      return numbers
    }
  }
}
