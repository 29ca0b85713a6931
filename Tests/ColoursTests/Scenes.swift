@testable import Colours

/// Pictures that tests make, the same each time.
enum Scenes {
  /// Blobs of colour with noise: as a photograph, some colours are frequent and a few far off.
  static func blobs(
    width: Int = 96, height: Int = 64, blobs: Int = 12, noise: Double = 14, seed: UInt64 = 1
  ) -> [UInt8] {
    var random = SplitMix(state: seed)
    let places = (0..<blobs).map { _ in
      Point(random.unit() * 255, random.unit() * 255, random.unit() * 255)
    }
    var pixels: [UInt8] = []
    for _ in 0..<width * height {
      let share = random.unit()
      let place = places[Int(share * share * Double(blobs))]
      for value in [place.x, place.y, place.z] {
        let spread = (random.unit() + random.unit() + random.unit() - 1.5) * noise * 2
        pixels.append(UInt8(max(0, min(255, value + spread))))
      }
    }
    return pixels
  }

  static func points(_ pixels: [UInt8]) -> [Point] {
    stride(from: 0, to: pixels.count, by: 3).map {
      Point(Double(pixels[$0]), Double(pixels[$0 + 1]), Double(pixels[$0 + 2]))
    }
  }

  /// Each pixel's squared distance to the nearest centre, and which that is, the plain way.
  static func nearest(_ pixels: [UInt8], _ centres: [Point]) -> [(distance: Double, label: Int)] {
    points(pixels).map { point in
      var best = (distance: Double.infinity, label: 0)
      for (label, centre) in centres.enumerated() {
        let distance = point.squaredDistance(to: centre)
        if distance < best.distance { best = (distance, label) }
      }
      return best
    }
  }
}

/// DP-means with delayed creation over all colours of some pixels, without what follows it.
struct PublishedRun {
  let grid = Grid()
  let centres = Centres()
  let delayed = DelayedCreation()
  let lambda: Double
  let isAtRest: Bool

  init(_ pixels: [UInt8], lambda: Double) {
    self.lambda = lambda
    unsafe pixels.withUnsafeBufferPointer { [grid] buffer in
      guard let base = buffer.baseAddress else { return }
      let (width, stride) = (pixels.count / 3, pixels.count)
      grid.fill(
        unsafe Pixels(base: base, width: width, height: 1, stride: stride), space: .rgb)
    }
    isAtRest = delayed.run(
      grid, lambda: lambda, tolerance: 1e-4 * grid.variance, centres: centres)
  }

  var sse: Double { centres.squaredError(square: grid.square) }
  var points: [Point] { (0..<centres.count).map { centres[$0] } }
}
