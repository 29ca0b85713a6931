import ColourAnalyser
import FaceAnalyser
package import Keys

/// What can be done about cameras' pictures. An analyser is known by its line here.
package enum Analysers {
  /// Their keys in a camera's configuration.
  package static let keys: [KeyTable] = [
    KeyTable(FaceOptions.self),
    KeyTable(ColourOptions.self),
  ]

  /// By which they go in the configuration and in commands.
  package static let names = keys.map(\.name)
}
