package import Keys

/// What an analyser can be told for a camera.
package protocol AnalyserOptions: KeyedOptions {
  /// Pictures looked at per second, at most; nil for all that time allows.
  var rate: Double? { get }
}

/// Looks at the pictures of one camera. Its room declares here all that others need to know of it; a line in
/// `Analysers.all` makes it known. One is made for each camera, and used by one thread at a time.
package protocol Analyser: AnyObject, SendableMetatype {
  associatedtype Options: AnalyserOptions
  /// What it sends.
  static var outputs: [AnalyserOutput] { get }
  /// What it counts, for metrics and the status.
  static var counters: [AnalyserCounter] { get }
  /// What it saw last, for the status.
  static var rows: [AnalyserRow] { get }
  /// What it counts by something that is found only then, such as a name.
  static var tallies: [AnalyserTally] { get }
  /// What it can be asked about a picture, by command.
  static var commands: [PictureCommand] { get }
  /// All files that it may need.
  static var models: [AnalyserModel] { get }
  /// Of these, what it needs with these options; without them it looks at nothing.
  static func models(_ options: Options) -> [AnalyserModel]
  /// What is wrong with these options that only its models can tell, for who checks a configuration: a sentence each.
  /// - Parameter models: the folder of models.
  static func complaints(_ options: Options, models: String) -> [String]
  /// The beginning of a sentence about a picture at which it failed: "faces are not looked for".
  static var failure: String { get }
  /// Whether it compares what it sees with the gallery, which is opened and kept up to date only then.
  static func usesGallery(_ options: Options) -> Bool
  init()
  /// Holds for the pictures that follow. What is remembered of those before stays.
  /// - Parameter quality: of JPEGs that are made, 1…100.
  func adopt(_ options: Options, quality: Int)
  /// - Parameter report: what was seen; what is in it already is sent, should the rest fail.
  /// - Throws: `AnalyserFault`, or what decoding throws.
  func look(
    at picture: DecodedPicture, with tools: AnalysisTools, into report: inout AnalysisReport) throws
}

extension Analyser {
  package func look(
    at picture: DecodedPicture, with tools: AnalysisTools
  ) throws -> AnalysisReport {
    var report = AnalysisReport()
    try look(at: picture, with: tools, into: &report)
    return report
  }

  package static var counters: [AnalyserCounter] { [] }
  package static var rows: [AnalyserRow] { [] }
  package static var tallies: [AnalyserTally] { [] }
  package static var commands: [PictureCommand] { [] }
  package static var models: [AnalyserModel] { [] }
  package static func models(_ options: Options) -> [AnalyserModel] { models }
  package static func complaints(_ options: Options, models: String) -> [String] { [] }
  package static func usesGallery(_ options: Options) -> Bool { false }
}

/// A kind of records that an analyser sends.
package struct AnalyserOutput: Sendable {
  package enum Content: Sendable {
    /// A JPEG made of the picture that was looked at: while no broker takes it, it may be given up before that.
    case copy
    /// A JPEG that is written ahead. All cameras share the ledger `faces`.
    case chip
    /// JSON, one for each picture, as it passes.
    case document
    /// JSON, written ahead, in the ledger of events.
    case event
  }

  /// In the names of ledgers, and of records.
  package let name: String
  /// The key of the topic's name below `kafka.topics`.
  package let topic: String
  /// `ce_type`.
  package let type: String
  package let content: Content

  /// Parts of pictures that are cut out, of whatever analyser.
  package static func chips(_ name: String) -> AnalyserOutput {
    AnalyserOutput(name, topic: "chips", type: "vedette.chip.v1", .chip)
  }

  package init(_ name: String, topic: String, type: String, _ content: Content) {
    self.name = name
    self.topic = topic
    self.type = type
    self.content = content
  }
}

/// Something that is counted: `vedette_analysis_NAME_total`.
package struct AnalyserCounter: Sendable {
  package let name: String
  package let help: String

  package init(_ name: String, help: String) {
    self.name = name
    self.help = help
  }
}

/// Something that is counted by a label whose values are not known before: `vedette_NAME_total{LABEL}`, of all cameras.
package struct AnalyserTally: Sendable {
  package let name: String
  package let label: String
  package let help: String

  package init(_ name: String, by label: String, help: String) {
    self.name = name
    self.label = label
    self.help = help
  }
}

/// Something that is shown of the last picture.
package struct AnalyserRow: Sendable {
  package enum Value: Sendable {
    case words([String])
    case swatches([Swatch])
  }

  package struct Swatch: Sendable {
    /// `#rrggbb`.
    package var rgb: String
    /// Of the picture, 0…1.
    package var share: Double

    package init(rgb: String, share: Double) {
      self.rgb = rgb
      self.share = share
    }
  }

  /// In the status.
  package let name: String
  /// What stands before it on the page; empty for nothing.
  package let title: String
  /// Before anything was seen.
  package let empty: Value

  package init(_ name: String, title: String, empty: Value) {
    self.name = name
    self.title = title
    self.empty = empty
  }
}

/// Why a picture could not be looked at.
package struct AnalyserFault: Error, CustomStringConvertible {
  package enum Kind: Sendable {
    /// The work was to end early: nobody's fault.
    case cancelled
    /// The next picture may do better.
    case passing
    /// The next picture will fail for the same reason, such as a model that is missing.
    case lasting
  }

  package var kind: Kind
  /// A sentence for the operator.
  package var description: String

  package init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}

/// All that is known of an analyser without its type.
package struct AnalyserKind: Sendable {
  package let keys: KeyTable
  package let outputs: [AnalyserOutput]
  package let counters: [AnalyserCounter]
  package let rows: [AnalyserRow]
  package let tallies: [AnalyserTally]
  package let commands: [PictureCommand]
  package let models: [AnalyserModel]
  package let failure: String
  let make: @Sendable () -> any Analyser
  private let isUser: @Sendable (AnyOptions) -> Bool
  private let needs: @Sendable (AnyOptions) -> [AnalyserModel]
  private let complains: @Sendable (AnyOptions, String) -> [String]

  package init<Kind: Analyser>(_ kind: Kind.Type) {
    outputs = kind.outputs
    keys = KeyTable(Kind.Options.self, topics: kind.outputs.map(\.topic))
    counters = kind.counters
    rows = kind.rows
    tallies = kind.tallies
    commands = kind.commands
    models = kind.models
    failure = kind.failure
    make = { kind.init() }
    isUser = { $0.as(Kind.Options.self).map { kind.usesGallery($0) } ?? false }
    needs = { $0.as(Kind.Options.self).map { kind.models($0) } ?? [] }
    complains = { options, models in
      options.as(Kind.Options.self).map { kind.complaints($0, models: models) } ?? []
    }
  }

  /// In the configuration, and in commands.
  package var name: String { keys.name }

  /// Whether it compares what it sees with the gallery.
  /// - Parameter analysers: a camera's, by their names.
  package func usesGallery(_ analysers: [String: AnyOptions]) -> Bool {
    analysers[name].map(isUser) ?? false
  }

  /// The files that it needs; none where it is switched off.
  /// - Parameter analysers: a camera's, by their names.
  package func models(_ analysers: [String: AnyOptions]) -> [AnalyserModel] {
    analysers[name].map(needs) ?? []
  }

  /// What is wrong that only models can tell; nothing where it is switched off.
  /// - Parameters:
  ///   - analysers: a camera's, by their names.
  ///   - models: the folder of models.
  package func complaints(_ analysers: [String: AnyOptions], models: String) -> [String] {
    analysers[name].map { complains($0, models) } ?? []
  }
}

extension Analyser {
  /// - Returns: the most pictures per second that it looks at; nil for all.
  func adopt(any options: AnyOptions, quality: Int) -> Double? {
    guard let options = options.as(Options.self) else { return nil }
    adopt(options, quality: quality)
    return options.rate
  }
}
