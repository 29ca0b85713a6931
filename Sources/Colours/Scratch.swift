import CColours

/// Room for lists of candidates; see `vc_scratch`.
@safe
final class Scratch {
  private let floats = Memory<Float>()
  private let labels = Memory<UInt32>()
  private var capacity = 0

  func reserve(_ centres: Int) {
    capacity = max(capacity, (centres + 31) & ~15)
    floats.reserve(11 * capacity + 4 * Int(VC_POOL))
    labels.reserve(3 * capacity + Int(VC_POOL))
  }

  var raw: vc_scratch {
    let (f, l, n) = unsafe (floats.base, labels.base, capacity)
    return unsafe vc_scratch(
      x: (f, f + n), y: (f + 2 * n, f + 3 * n), z: (f + 4 * n, f + 5 * n), gap: f + 6 * n,
      places: f + 7 * n, label: (l, l + n), names: l + 2 * n, capacity: UInt32(n))
  }
}
