package import Colours

extension ColourSettings {
  package init(_ colours: ColourOptions) {
    self.init(lambda: colours.lambda)
    coreset =
      switch colours.coreset {
      case .histogram: .histogram
      case .exact: .exact
      case .sample(let size): .sample(size: size, seed: 1)
      }
    space = colours.space == .lab ? .lab : .rgb
  }
}
