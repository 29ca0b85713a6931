/// Whose face it is, or that it is nobody's who is known; with what it was told by.
package struct Identity: Equatable, Sendable {
  /// A person and the distance of their nearest encoding.
  package struct Candidate: Equatable, Sendable {
    package var name: PersonName
    package var distance: Double
  }

  /// Nil for Unknown.
  package var name: PersonName?
  /// The nearest person, near enough or not; nil in a gallery without encodings of the model.
  package var nearest: Candidate?
  /// The nearest of all other people; nil where there is one person only.
  package var runnerUp: Candidate?
  /// The regression's likeliest person; nil where it was not asked.
  package var likeliest: PersonName?
  /// That person's probability, 0 to 1.
  package var probability: Double?
  /// What decided. Nearness does where the regression was wanted, but none is trained for the model.
  package var method: MatchMethod

  package var isKnown: Bool { name != nil }

  /// The distance to the nearest person.
  package var distance: Double? { nearest?.distance }

  /// How much farther the runner-up is than the nearest.
  package var margin: Double? {
    guard let nearest, let runnerUp else { return nil }
    return runnerUp.distance - nearest.distance
  }
}

package enum MatchMethod: String, CaseIterable, Sendable {
  /// The nearest encoding's person.
  case nearest
  /// The likeliest person by logistic regression.
  case regression
}

/// When a face gets a name.
package struct MatchSettings: Equatable, Sendable {
  package static let thresholdRange = 0.0...2.0

  package var method = MatchMethod.nearest
  /// A person's nearest encoding is at most so far, in either way of matching: the regression divides all
  /// faces among those that it knows, strangers too.
  package var threshold = 0.6
  /// The regression's probability is at least this.
  package var probability = 0.8
  /// The runner-up is farther by at least this.
  package var margin = 0.0

  package init() {}

  /// - Throws: `.badInput` where a value is out of its range.
  package func check() throws(GalleryError) {
    guard Self.thresholdRange.contains(threshold) else {
      throw GalleryError(.badInput, "the threshold is a distance from 0 to 2, not \(threshold)")
    }
    guard (0...1).contains(probability) else {
      throw GalleryError(.badInput, "the probability is from 0 to 1, not \(probability)")
    }
    guard Self.thresholdRange.contains(margin) else {
      throw GalleryError(.badInput, "the margin is a distance from 0 to 2, not \(margin)")
    }
  }
}
