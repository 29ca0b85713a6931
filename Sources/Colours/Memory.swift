/// Numbers that stay in place from frame to frame: grown when more are wanted, never shrunk, so that a
/// steady stream allocates nothing. One thread at a time.
@safe
final class Memory<Element: BitwiseCopyable> {
  private(set) var base: UnsafeMutablePointer<Element>
  private(set) var capacity: Int
  private let zero: Element

  /// - Parameter zero: what new places hold.
  init(zero: Element, capacity: Int = 64) {
    self.zero = zero
    self.capacity = capacity
    unsafe base = .allocate(capacity: capacity)
    unsafe base.initialize(repeating: zero, count: capacity)
  }

  deinit { unsafe base.deallocate() }

  /// Makes room for `count`; what is there stays.
  func reserve(_ count: Int) {
    guard count > capacity else { return }
    let larger = max(count, capacity + capacity / 2)
    let made = UnsafeMutablePointer<Element>.allocate(capacity: larger)
    unsafe made.initialize(repeating: zero, count: larger)
    unsafe made.update(from: base, count: capacity)
    unsafe base.deallocate()
    unsafe base = unsafe made
    capacity = larger
  }

  /// Copies the first `count` of another.
  func copy(_ other: Memory<Element>, count: Int) {
    reserve(count)
    precondition(count <= other.capacity)
    unsafe base.update(from: other.base, count: count)
  }

  subscript(index: Int) -> Element {
    get {
      precondition(index >= 0 && index < capacity)
      return unsafe base[index]
    }
    set {
      precondition(index >= 0 && index < capacity)
      unsafe base[index] = newValue
    }
  }
}

extension Memory where Element: AdditiveArithmetic {
  convenience init(capacity: Int = 64) { self.init(zero: .zero, capacity: capacity) }
}
