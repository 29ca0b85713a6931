import CColours
import Synchronization
import Threads

extension Silhouette {
  /// The most that its sums may take, in bytes, where nothing else is said.
  package static let sumsBytesMax = 2 << 30

  /// 'How far' is the mean Euclidean distance to the cluster's pixels: what is meant by silhouette where nothing
  /// else is said. Over all pairs of distinct colours, O(n²).
  /// - Parameters:
  ///   - threads: how many work at it, at least one.
  ///   - bytesMax: what the sums may take, eight bytes for each colour and cluster.
  ///   - progress: called on the caller's thread at the start and some times a second with what is done, 0…1;
  ///     false cancels.
  /// - Throws: `.tooLarge`, `.cancelled`, or `.noThread`.
  package static func exact(
    _ colours: LabelledColours, threads: Int, bytesMax: Int = sumsBytesMax,
    progress: (Double) -> Bool = { _ in true }
  ) throws(ColoursError) -> Silhouette {
    // Before anything is laid out for it.
    let clusters = Set(colours.labels).count
    let (bytes, isHuge) = (8 * colours.points.count).multipliedReportingOverflow(by: clusters)
    guard clusters < 2 || !isHuge && bytes <= bytesMax else {
      throw ColoursError(
        .tooLarge,
        "the silhouette of \(colours.points.count) colours in \(clusters) clusters takes more than \(bytesMax >> 20) MiB of memory; choose a larger lambda"
      )
    }
    return try exact(Tiles(colours), colours, threads: threads, progress: progress)
  }

  static func exact(
    _ tiles: Tiles, _ colours: LabelledColours, threads: Int, progress: (Double) -> Bool
  ) throws(ColoursError) -> Silhouette {
    guard tiles.clusters.count > 1 else { return none(colours) }
    let work = PairWork(tiles, workers: max(1, threads))
    var running: [NamedThread] = []
    defer { running.forEach { $0.join() } }
    for number in 0..<max(1, threads) {
      do {
        running.append(try NamedThread("silhouette") { work.run(worker: number) })
      } catch {
        work.cancel()
        throw ColoursError(.noThread, "\(error)")
      }
    }
    repeat {
      guard progress(work.share) else {
        work.cancel()
        throw ColoursError(.cancelled, "the silhouette was cancelled")
      }
    } while !work.wait(milliseconds: 100)
    running.forEach { $0.join() }
    _ = progress(1)
    return Silhouette(colours, widths: work.widths(colours))
  }
}

/// Distinct colours sorted by cluster into tiles of at most `VC_TILE`, each padded to whole vectors by colours
/// without weight. Not changed once made.
@safe
final class Tiles: @unchecked Sendable {
  struct Tile {
    var first: Int
    /// Without and with the padding.
    var count: Int
    var padded: Int
    var cluster: Int
  }

  let points = Points()
  private(set) var tiles: [Tile] = []
  /// Of each cluster that has pixels, how many.
  private(set) var clusters: [Double] = []
  /// Where each colour lies among the points.
  private(set) var places: [Int]
  /// True where single precision does: the rounding of so many distances averages out, and the mean is right to
  /// some 1e-9.
  let isLarge: Bool

  private static let largeCount = 32_768

  init(_ colours: LabelledColours, largeCount: Int = largeCount) {
    var members = [[Int]](repeating: [], count: colours.centres.count)
    for (index, label) in colours.labels.enumerated() { members[label].append(index) }
    members.removeAll(where: \.isEmpty)
    places = [Int](repeating: 0, count: colours.points.count)
    isLarge = colours.points.count > largeCount
    let side = Int(VC_TILE)
    points.reserve(members.reduce(0) { $0 + ($1.count + side - 1) / side * (side + 8) })
    for (cluster, own) in members.enumerated() {
      clusters.append(own.reduce(0) { $0 + colours.weights[$1] })
      for start in stride(from: 0, to: own.count, by: side) {
        let part = own[start..<min(start + side, own.count)]
        let padded = (part.count + 7) & ~7
        tiles.append(
          Tile(first: points.count, count: part.count, padded: padded, cluster: cluster))
        for (offset, index) in part.enumerated() {
          places[index] = points.count + offset
          points.set(points.count + offset, colours.points[index], weight: colours.weights[index])
        }
        for offset in part.count..<max(part.count, padded) {
          points.set(points.count + offset, colours.points[part[part.startIndex]], weight: 0)
        }
        points.count += padded
      }
    }
  }
}

/// The sums of distances from each point to each cluster, by workers that take rows of tiles in turn. Each has
/// sums of its own; they are added in the end.
@safe
private final class PairWork: @unchecked Sendable {
  private let tiles: Tiles
  /// Of each worker: a row of points for each cluster. Each is touched by its worker alone until all are joined.
  private let sums: [Memory<Double>]
  private let nextRow = Atomic<Int>(0)
  private let pairsDone = Atomic<Int>(0)
  private let workersDone = Atomic<Int>(0)
  private let isCancelled = Atomic<Bool>(false)
  private let end = EventSignal()
  /// True where a distance is used for both of its points, which takes sums for every worker.
  private let isSymmetric: Bool

  /// Bytes of sums beyond which each pair of tiles is done twice instead, by one set of sums.
  private static let bytesMax = 512 << 20

  init(_ tiles: Tiles, workers: Int) {
    self.tiles = tiles
    let count = tiles.points.count * tiles.clusters.count
    isSymmetric = count * 8 * workers <= Self.bytesMax
    let copies = isSymmetric ? workers : 1
    sums = (0..<copies).map { _ in Memory<Double>(capacity: count) }
    self.workers = workers
  }

  private let workers: Int

  var share: Double {
    let all = Double(tiles.tiles.count) * Double(tiles.tiles.count + (isSymmetric ? 1 : 0))
    return min(1, Double(pairsDone.load(ordering: .relaxed)) * (isSymmetric ? 2 : 1) / max(1, all))
  }

  func cancel() { isCancelled.store(true, ordering: .relaxed) }

  /// True once all workers are done.
  func wait(milliseconds: Int32) -> Bool {
    end.wait(milliseconds: milliseconds)
    return workersDone.load(ordering: .acquiring) == workers
  }

  func run(worker: Int) {
    while !isCancelled.load(ordering: .relaxed) {
      let row = nextRow.wrappingAdd(1, ordering: .relaxed).oldValue
      guard row < tiles.tiles.count else { break }
      fill(row, sums[isSymmetric ? worker : 0])
    }
    if workersDone.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue == workers {
      end.set()
    }
  }

  private func fill(_ row: Int, _ sums: Memory<Double>) {
    let (list, stride) = (tiles.tiles, tiles.points.count)
    let one = list[row]
    let points = unsafe tiles.points.raw
    unsafe withUnsafePointer(to: points) { points in
      for index in (isSymmetric ? row : 0)..<list.count {
        let other = list[index]
        let rows = unsafe sums.base + (other.cluster * stride + one.first)
        let isBoth = isSymmetric && index != row
        let columns = unsafe isBoth ? sums.base + (one.cluster * stride + other.first) : nil
        let (i0, i1) = (UInt32(one.first), UInt32(one.first + one.count))
        let (j0, j1) = (UInt32(other.first), UInt32(other.first + other.padded))
        if tiles.isLarge {
          unsafe vc_tile_float(points, i0, i1, j0, j1, rows, columns)
        } else {
          unsafe vc_tile_double(points, i0, i1, j0, j1, rows, columns)
        }
      }
    }
    pairsDone.wrappingAdd(list.count - (isSymmetric ? row : 0), ordering: .relaxed)
  }

  /// Of each colour, once all workers are joined.
  func widths(_ colours: LabelledColours) -> [Double] {
    let (stride, clusters) = (tiles.points.count, tiles.clusters)
    var own = [Int](repeating: 0, count: stride)
    for tile in tiles.tiles {
      for place in tile.first..<tile.first + tile.padded { own[place] = tile.cluster }
    }
    return tiles.places.map { place in
      let cluster = own[place]
      guard clusters[cluster] > 1 else { return 0 }
      var (a, b) = (0.0, Double.infinity)
      for (index, weight) in clusters.enumerated() {
        let sum = sums.reduce(0) { $0 + $1[index * stride + place] }
        if index == cluster { a = sum / (weight - 1) } else { b = min(b, sum / weight) }
      }
      return Silhouette.width(own: a, other: b)
    }
  }
}
