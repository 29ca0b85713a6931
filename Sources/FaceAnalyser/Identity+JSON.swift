package import Documents
package import Gallery

extension Identity {
  /// What scripts read of it, but for the label, which may rest on more than one picture.
  package var members: [(String, JSON)] {
    [
      ("nearest", nearest.map { .string($0.name.text) } ?? .null),
      ("distance", distance.map { .rounded($0) } ?? .null),
      ("runner_up", runnerUp.map { .string($0.name.text) } ?? .null),
      ("margin", margin.map { .rounded($0) } ?? .null),
      ("likeliest", likeliest.map { .string($0.text) } ?? .null),
      ("probability", probability.map { .rounded($0) } ?? .null),
      ("method", .string(method.rawValue)),
    ]
  }
}
