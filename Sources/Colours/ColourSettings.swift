/// What a clustering is to be like; may be changed between frames.
package struct ColourSettings: Equatable, Sendable {
  /// What stands for the pixels while clusters are sought. Labels are exact in each case.
  package enum Coreset: Equatable, Sendable {
    /// A histogram of 5 or 6 bits a channel, by lambda; the last frame's clusters stay where they fit.
    case histogram
    /// The distinct colours with how often each occurs: nothing is approximated.
    case exact
    /// That many colours drawn by `Coreset`, reproducible by the seed.
    case sample(size: Int, seed: UInt64)
  }

  /// How far a colour must be from every centre to found a cluster, in the units of `space`: 0…1000.
  package var lambda = lambdaDefault
  package var coreset = Coreset.histogram
  package var space = ColourSpace.rgb

  package init(
    lambda: Double = lambdaDefault, coreset: Coreset = .histogram, space: ColourSpace = .rgb
  ) {
    self.lambda = lambda
    self.coreset = coreset
    self.space = space
  }

  package static let lambdaDefault = 50.0
  package static let lambdaMax = 1000.0

  func check() throws(ColoursError) {
    guard lambda.isFinite, lambda >= 0, lambda <= Self.lambdaMax else {
      throw ColoursError(
        .badArgument, "lambda is \(lambda); it must be from 0 to \(Int(Self.lambdaMax))")
    }
    if case .sample(let size, _) = coreset, size < 1 {
      throw ColoursError(.badArgument, "a coreset of \(size) colours cannot be; take at least 1")
    }
  }
}
