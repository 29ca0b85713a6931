/// Distinct colours with how often each occurs and the cluster each belongs to.
package struct LabelledColours: Sendable {
  package var points: [Point]
  /// Pixels of each.
  package var weights: [Double]
  /// An index into `centres` for each.
  package var labels: [Int]
  package var centres: [Point]

  package init(points: [Point], weights: [Double], labels: [Int], centres: [Point]) {
    precondition(points.count == weights.count && points.count == labels.count)
    precondition(labels.allSatisfy(centres.indices.contains))
    self.points = points
    self.weights = weights
    self.labels = labels
    self.centres = centres
  }

  var total: Double { weights.reduce(0, +) }
}
