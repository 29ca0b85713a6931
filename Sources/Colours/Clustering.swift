/// The clusters of one picture's colours.
package struct Clustering: Equatable, Sendable {
  package struct Colour: Equatable, Sendable {
    /// The centre, rounded.
    package var rgb: RGB
    /// The centre in the space of the settings.
    package var centre: Point
    package var pixels: Int
    /// 0…1 of all pixels.
    package var share: Double
  }

  /// Most pixels first.
  package var colours: [Colour]
  /// Sum over all pixels of the squared distance to the nearest centre.
  package var sse: Double
  /// Distance of the farthest pixel from its centre: at most lambda.
  package var farthest: Double
  /// Passes over what stood for the pixels, coarse and fine together.
  package var iterations: Int
  package var milliseconds: Double
  /// The mean of 1 - a / b, where a is the distance to the nearest centre and b that to the second nearest, over
  /// the coreset (the simplified silhouette of Hruschka, de Castro and Campello, 2004); 0 for a single cluster.
  /// Not what `Silhouette` computes.
  package var simplifiedSilhouette: Double
  package var lambda: Double

  package var count: Int { colours.count }
  /// The objective of DP-means: SSE + lambda² k.
  package var objective: Double { sse + lambda * lambda * Double(count) }
}
