/// How well clusters are kept apart: of each pixel (b - a) / max(a, b), where a is how far it is from its own
/// cluster and b how far from the nearest other one; -1…1, and 0 where a cluster has one pixel only (P. J.
/// Rousseeuw, 'Silhouettes', 1987). What 'how far' means makes three numbers that must not be taken for each
/// other: each has its own function.
package struct Silhouette: Equatable, Sendable {
  /// The mean over all pixels; 0 where there are fewer than two clusters.
  package var mean: Double
  /// Of each distinct colour, in the order of the colours given.
  package var widths: [Double]

  init(_ colours: LabelledColours, widths: [Double]) {
    self.widths = widths
    var sum = 0.0
    for index in widths.indices { sum += colours.weights[index] * widths[index] }
    mean = widths.isEmpty ? 0 : sum / colours.total
  }

  /// A pixel's width by its mean distances to its own cluster's other pixels and to the nearest other cluster's.
  static func width(own a: Double, other b: Double) -> Double {
    let larger = max(a, b)
    return larger > 0 && larger.isFinite ? (b - a) / larger : 0
  }

  /// 'How far' is the distance to the cluster's centre (Hruschka, de Castro and Campello, 2004): O(nk).
  package static func simplified(_ colours: LabelledColours) -> Silhouette {
    guard colours.centres.count > 1 else { return none(colours) }
    return Silhouette(
      colours,
      widths: colours.points.indices.map { index in
        let (point, own) = (colours.points[index], colours.labels[index])
        var (a, b) = (0.0, Double.infinity)
        for (label, centre) in colours.centres.enumerated() {
          let distance = point.squaredDistance(to: centre)
          if label == own { a = distance } else { b = min(b, distance) }
        }
        return width(own: a.squareRoot(), other: b.squareRoot())
      })
  }

  /// 'How far' is the mean of the squared distances to the cluster's pixels, which its moments give exactly:
  /// O(nk).
  package static func squared(_ colours: LabelledColours) -> Silhouette {
    var moments = [Moments](repeating: Moments(), count: colours.centres.count)
    for index in colours.points.indices {
      moments[colours.labels[index]].add(colours.points[index], weight: colours.weights[index])
    }
    guard moments.count(where: { $0.weight > 0 }) > 1 else { return none(colours) }
    return Silhouette(
      colours,
      widths: colours.points.indices.map { index in
        let (point, own) = (colours.points[index], colours.labels[index])
        guard moments[own].weight > 1 else { return 0 }
        let a = max(0, moments[own].squaredDistances(to: point)) / (moments[own].weight - 1)
        var b = Double.infinity
        for (label, other) in moments.enumerated() where label != own && other.weight > 0 {
          b = min(b, max(0, other.squaredDistances(to: point)) / other.weight)
        }
        return width(own: a, other: b)
      })
  }

  static func none(_ colours: LabelledColours) -> Silhouette {
    Silhouette(colours, widths: [Double](repeating: 0, count: colours.points.count))
  }
}

/// What the sum of squared distances to a cluster's pixels follows from.
private struct Moments {
  var weight = 0.0
  var sum = Point(0, 0, 0)
  var square = 0.0

  mutating func add(_ point: Point, weight more: Double) {
    weight += more
    sum = sum + point * more
    square += more * point.squaredLength
  }

  func squaredDistances(to point: Point) -> Double {
    weight * point.squaredLength + square - 2
      * (point.x * sum.x + point.y * sum.y + point.z * sum.z)
  }
}
