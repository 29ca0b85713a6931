import Glibc

/// What pictures had up to their first scan's data, which need not be looked at again: a camera writes the same few
/// beginnings all the time, one for each setting of its quality control.
struct KnownBeginnings {
  private static let countMax = 4
  /// With a thumbnail in it, it is another each time.
  private static let byteCountMax = 4096

  /// The last new one is the last.
  private var list: [Beginning] = []

  init() {}

  /// Where the picture data began in the picture before; 0 where that is not known.
  private(set) var lastPosition = 0

  /// The walk over `bytes`, as far as it is known; nil where they begin otherwise than all that are known.
  mutating func walk(_ bytes: UnsafeRawBufferPointer) -> MarkerWalk? {
    for known in list {
      guard let walk = unsafe known.walk(bytes) else { continue }
      lastPosition = walk.position
      return walk
    }
    return nil
  }

  /// Keeps how far `walk` has come, which is behind the first scan's header.
  mutating func note(_ walk: MarkerWalk) {
    guard walk.position <= Self.byteCountMax else { return }
    if list.count == Self.countMax { list.removeFirst() }
    list.append(Beginning(walk))
  }

  @safe
  private final class Beginning {
    private let bytes: [UInt8]
    private let state: MarkerWalk

    init(_ walk: MarkerWalk) {
      bytes = unsafe Array(walk.bytes[..<walk.position])
      var state = walk
      // They are gone when the next picture is there.
      unsafe state.bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      self.state = state
    }

    func walk(_ others: UnsafeRawBufferPointer) -> MarkerWalk? {
      guard others.count > bytes.count, let base = others.baseAddress,
        unsafe memcmp(base, bytes, bytes.count) == 0
      else { return nil }
      return unsafe state.resumed(others)
    }
  }
}
