import CColours

/// DP-means as it is published, over all distinct colours: in each pass every colour goes to its nearest centre, every
/// centre to the mean of its colours, and the one colour farthest beyond lambda founds a cluster (Dinari and Freifeld,
/// 'Revisiting DP-Means', UAI 2022). How many clusters there are in the end hangs on every step of that, so no
/// step is approximated: histograms find some tenth fewer, with more error. What makes a pass cheap is
/// that runs of neighbouring colours look only at the centres that may be nearest to one of theirs, and that sums
/// change only by what changes its cluster. It keeps its memory; one thread at a time.
@safe
final class DelayedCreation {
  private let eights = Memory<vc_eight>(zero: vc_eight())
  private let terms = Memory<Float>()
  private let groups = Memory<vc_group>(zero: vc_group())
  private let blocks = Memory<vc_cube>(zero: vc_cube(), capacity: Int(VC_BLOCKS))
  private let scratch = Scratch()
  /// What colours gathered by their labels, place by place.
  private let sums = Memory<vc_sum>(zero: vc_sum())
  private let saved = Centres()
  private let before = Centres()
  /// Which centres stay, of all.
  private var isHeld: [Bool] = []
  private var field = unsafe vc_field()
  private(set) var passes = 0
  private let stopping: Stopping

  init(_ stopping: Stopping = Stopping()) { self.stopping = stopping }

  /// Photographs take some hundreds. Pictures of noise go on, by coarser steps of the caller's.
  private static let passesMax = 1500
  /// Each lowers the error less than the one before.
  private static let movesToSettle = 6

  /// Clusters the colours of a grid.
  /// - Parameters:
  ///   - centres: become the clusters' centres; at rest each colour lies within `lambda` of one.
  ///   - tolerance: the sum of squared ways of the centres in one pass at which they are at rest.
  /// - Returns: false where it did not come to rest within `passesMax`: then colours may lie beyond lambda.
  func run(_ grid: Grid, lambda: Double, tolerance: Double, centres: Centres) -> Bool {
    layOut(grid)
    passes = 0
    isHeld = [false]
    centres.removeAll()
    centres.append(grid.mean)
    let floor = Float(lambda * lambda)
    defer { centres.removeEmpty() }
    while passes < Self.passesMax, !stopping.isDue {
      let founder = pass(centres, floor: floor)
      let founds = founder.distance > floor
      if !founds, way(centres) <= tolerance { return true }
      move(centres)
      if founds {
        centres.append(Point(founder))
        isHeld.append(false)
      }
    }
    return false
  }

  /// Some passes more over the colours of the last run, from centres that were changed since, as many as before. No
  /// cluster is founded: where a colour would lie beyond lambda, the centre that had it goes back and stays.
  /// - Parameters:
  ///   - centres: become those of the last pass that left no colour beyond; those of `last` if there was none.
  ///   - last: the centres before they were changed, each within lambda of its colours.
  func settle(_ centres: Centres, last: Centres, lambda: Double, tolerance: Double) {
    let floor = Float(lambda * lambda)
    isHeld = [Bool](repeating: false, count: centres.count)
    before.copy(last)
    saved.copy(last)
    var moves = 0
    while !stopping.isDue {
      let founder = pass(centres, floor: floor)
      if founder.distance > floor {
        let had = before.nearest(to: Point(founder))
        guard !isHeld[had] else { break }
        isHeld[had] = true
        centres[had] = before[had]
        continue
      }
      saved.copy(centres)
      guard moves < Self.movesToSettle, moves == 0 || way(centres) > tolerance else { break }
      before.copy(centres)
      move(centres)
      moves += 1
    }
    centres.copy(saved)
  }

  /// One pass more over the colours of the last run: finds what centres gather that were changed since.
  /// - Returns: the squared distance of the colour that is farthest from its centre.
  func gather(_ centres: Centres) -> Double {
    let found = pass(centres, floor: 0)
    guard found.distance > 0 else { return 0 }
    let farthest = Point(found)
    return centres[centres.nearest(to: farthest)].squaredDistance(to: farthest)
  }

  private func pass(_ centres: Centres, floor: Float) -> vc_founder {
    passes += 1
    scratch.reserve(centres.count)
    sums.reserve(centres.count)
    var memory = unsafe scratch.raw
    let raw = unsafe centres.raw()
    let founder = unsafe withUnsafePointer(to: raw) { raw in
      unsafe vc_pass(&field, raw, sums.base, &memory, floor)
    }
    centres.sums.copy(sums, count: centres.count)
    return founder
  }

  /// The sum of the squared ways from the centres to their means, but for those that stay.
  private func way(_ centres: Centres) -> Double {
    (0..<centres.count).reduce(0) { sum, index in
      guard !isHeld[index], let mean = centres.mean(index) else { return sum }
      return sum + mean.squaredDistance(to: centres[index])
    }
  }

  /// Moves centres to their means, but for those that stay. One without colours goes where nothing is near; its place
  /// stays taken until the end.
  private func move(_ centres: Centres) {
    for index in 0..<centres.count where !isHeld[index] {
      centres[index] = centres.mean(index) ?? .nowhere
    }
  }

  private func layOut(_ grid: Grid) {
    let colours = grid.points.count
    eights.reserve(vc_room_for_eights(colours))
    terms.reserve(32 * vc_room_for_eights(colours))
    groups.reserve(vc_room_for_groups(colours))
    for place in 0..<sums.capacity { sums[place] = vc_sum() }
    unsafe field = vc_field(
      eights: eights.base, terms: terms.base, groups: groups.base, blocks: blocks.base,
      block_count: 0)
    unsafe grid.lay(&field)
  }
}

extension Point {
  fileprivate init(_ founder: vc_founder) {
    self.init(Double(founder.x), Double(founder.y), Double(founder.z))
  }
}
