import CColours
import Threads

/// Finds the colours of pictures by DP-means: how many there are follows from lambda.
///
/// The algorithm is DP-means (Kulis and Jordan, 'Revisiting k-means: New Algorithms via Bayesian Nonparametrics',
/// ICML 2012) with delayed creation of clusters (Dinari and Freifeld, 'Revisiting DP-Means', UAI 2022). It starts
/// with one cluster at the mean; in each pass every colour goes to its nearest centre, every centre to the mean of
/// its colours, and what lies farthest beyond lambda founds a cluster; an empty one vanishes. It ends when
/// centres have come to rest and every pixel lies within lambda of one. The coreset tells what the passes run over: all
/// distinct colours, a sample of them, or histograms of 4 to 6 bits a channel, each bin at the mean of its pixels. Those
/// of all distinct colours are then exchanged, or given up, where that leaves no more error (see `Exchange`).
/// No chance is involved: the same picture gives the same clusters.
///
/// One object a camera, used by one thread at a time. It keeps its memory: a steady stream allocates little.
package final class ColourClusterer {
  package var settings: ColourSettings

  /// Asked between passes, on the thread that clusters; true ends it with `.cancelled`.
  package var isCancelled: () -> Bool {
    get { stopping.ask }
    set { stopping.ask = newValue }
  }

  let stopping: Stopping
  let lloyd: Lloyd
  let grid = Grid()
  let cells = Points()
  let delayed: DelayedCreation
  let exchange: Exchange
  /// Where the published algorithm ended.
  let published = Centres()
  /// Where they are exchanged, before some are given up.
  let exchanged = Centres()
  let sample = Points()
  let labelling = Labelling()
  private var histograms: [Int: Histogram] = [:]
  /// Where the last frame ended, with the settings it had; and what was found without it.
  let last = Centres()
  let anew = Centres()
  private var lastSettings: ColourSettings?
  /// How the last picture may be labelled.
  private var origin: Origin?

  private struct Origin {
    var width: Int
    var height: Int
    var bits: Int?
    var space: ColourSpace
  }

  package init(settings: ColourSettings = ColourSettings()) {
    self.settings = settings
    let stopping = Stopping()
    self.stopping = stopping
    lloyd = Lloyd(stopping)
    delayed = DelayedCreation(stopping)
    exchange = Exchange(stopping)
  }

  /// Forgets the last frame: the next one starts anew.
  package func reset() { last.removeAll() }

  /// Clusters the pixels of a picture.
  /// - Parameters:
  ///   - rgb: packed red, green, blue.
  ///   - stride: bytes from row to row; nil for rows without padding.
  /// - Throws: `.badArgument`; `.cancelled`, and the next picture starts anew.
  package func cluster(
    rgb: Span<UInt8>, width: Int, height: Int, stride: Int? = nil
  ) throws(ColoursError) -> Clustering {
    try settings.check()
    let stride = stride ?? 3 * width
    try Pixels.check(width: width, height: height, stride: stride, byteCount: rgb.count)
    stopping.begin()
    let clustering: Clustering? = unsafe rgb.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return nil }
      return cluster(unsafe Pixels(base: base, width: width, height: height, stride: stride))
    }
    guard !stopping.isSet else {
      reset()
      origin = nil
      throw ColoursError(.cancelled, "the clustering was cancelled")
    }
    guard let clustering else { throw ColoursError(.badArgument, "the picture is empty") }
    return clustering
  }

  /// Writes the picture in its clusters' colours, each pixel in that of the nearest centre. It must be the one that
  /// was clustered last.
  /// - Parameter painted: becomes packed RGB without padding; its memory is kept where it fits.
  package func paint(
    rgb: Span<UInt8>, width: Int, height: Int, stride: Int? = nil,
    into painted: inout [UInt8]
  ) throws(ColoursError) {
    let stride = stride ?? 3 * width
    try Pixels.check(width: width, height: height, stride: stride, byteCount: rgb.count)
    guard let origin, origin.width == width, origin.height == height else {
      throw ColoursError(.badArgument, "only the picture that was clustered last can be painted")
    }
    let count = 3 * width * height
    if painted.count != count { painted = [UInt8](repeating: 0, count: count) }
    unsafe rgb.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let pixels = unsafe Pixels(base: base, width: width, height: height, stride: stride)
      unsafe painted.withUnsafeMutableBufferPointer { target in
        if let bits = origin.bits {
          histogram(bits).count(pixels)
          unsafe labelling.label(
            pixels, by: histogram(bits), centres: lloyd.centres, limit: .infinity,
            painted: target.baseAddress)
        } else {
          unsafe paintByGrid(pixels, space: origin.space, to: target)
        }
      }
    }
  }

  func histogram(_ bits: Int) -> Histogram {
    if let made = histograms[bits] { return made }
    let made = Histogram(bits: bits)
    histograms[bits] = made
    return made
  }

  private func cluster(_ pixels: Pixels) -> Clustering {
    let start = Clock.monotonic
    if lastSettings != settings { reset() }
    lastSettings = settings
    lloyd.begin()
    let bits: Int?
    let found: Found
    if settings.space == .rgb, settings.lambda >= Self.lambdaForBins {
      switch settings.coreset {
      case .histogram: (found, bits) = fromHistogram(pixels)
      case .exact: (found, bits) = (fromColours(pixels), 6)
      case .sample(let size, let seed):
        (found, bits) = (fromSample(pixels, size: size, seed: seed), 6)
      }
    } else {
      if case .sample(let size, let seed) = settings.coreset {
        found = fromSample(pixels, size: size, seed: seed)
      } else {
        found = fromGrid(pixels)
      }
      bits = nil
    }
    origin = Origin(width: pixels.width, height: pixels.height, bits: bits, space: settings.space)
    var clustering = summary(found)
    clustering.milliseconds = Double(Clock.monotonic - start) / 1e6
    return clustering
  }

  /// Below that, clusters are about as small as bins.
  static let lambdaForBins = 16.0

  /// What a clustering ended with, beside the centres and their sums.
  struct Found {
    var sse: Double
    var farthest: Double
    var silhouette: Double
  }

  private func summary(_ found: Found) -> Clustering {
    let centres = lloyd.centres
    var (colours, pixels) = ([Clustering.Colour](), 0.0)
    for index in 0..<centres.count { pixels += centres.sums[index].w }
    for index in 0..<centres.count where centres.sums[index].w > 0 {
      let (centre, weight) = (centres[index], centres.sums[index].w)
      colours.append(
        Clustering.Colour(
          rgb: settings.space == .lab ? CIELAB.colour(centre) : centre.rounded, centre: centre,
          pixels: Int(weight), share: weight / pixels))
    }
    colours.sort { ($0.pixels, $0.centre.x, $0.centre.y) > ($1.pixels, $1.centre.x, $1.centre.y) }
    return Clustering(
      colours: colours, sse: found.sse, farthest: found.farthest, iterations: lloyd.passes,
      milliseconds: 0, simplifiedSilhouette: found.silhouette, lambda: settings.lambda)
  }
}
