package import Analysis
import ColourAnalyser
import FaceAnalyser
package import Keys
import LabelAnalyser
import MotionAnalyser
import ThumbnailAnalyser

/// What can be done about cameras' pictures.
package enum Analysers {
  /// An analyser is known by its line here. They look at a picture in this order.
  package static let all = [
    AnalyserKind(FaceAnalyser.self),
    AnalyserKind(ColourAnalyser.self),
    AnalyserKind(ThumbnailAnalyser.self),
    AnalyserKind(MotionAnalyser.self),
    AnalyserKind(LabelAnalyser.self),
  ]

  /// Their keys in a camera's configuration.
  package static let keys = all.map(\.keys)

  /// What any of them sends.
  package static let outputs = all.flatMap(\.outputs)

  /// What any of them counts.
  package static let counters = all.flatMap(\.counters)

  /// What any of them counts by names.
  package static let tallies = all.flatMap(\.tallies)

  /// What any of them has to show.
  package static let rows = all.flatMap(\.rows)

  /// By which they go in the configuration and in commands.
  package static let names = all.map(\.name)
}
