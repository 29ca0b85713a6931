package import Documents
package import Gallery

/// A command whose arguments are right. Whether it can be carried out on this box is another question.
package enum ControlCommand: Sendable {
  /// Answers.
  case ping
  /// Answers with how the box stands.
  case status
  /// Answers with the last picture of a camera.
  case snapshot(camera: String)
  /// Changes the configuration of the running agent, for good.
  case configure(Configure)
  /// Judges the palette of a camera's last picture.
  case silhouette(camera: String, lambda: Double?)
  case galleryPut([GalleryPerson])
  case galleryRemove(names: [PersonName], photos: [Digest])
  case galleryReplace(GalleryChunk)
  /// Forgets a set that is arriving; nil for all of them.
  case galleryDiscard(upload: String?)
  case galleryTrain(TrainingOptions)
  /// Sends what is spooled as fast as it goes.
  case spoolDrain
  /// Forgets what is spooled of a class.
  case spoolDiscard(spoolClass: String)
  /// Reads the configuration's files anew.
  case configReload
  /// Goes back to the configuration's files.
  /// - Parameter camera: of this camera alone, whether it is still there or not; nil for all.
  case configReset(camera: String?)
  case keysPut(TrustedKey)
  case keysRevoke(id: String)
  /// The time is that of the message, whatever others said.
  case timeReset

  /// A change of the configuration, as a merge patch over what the files say.
  package struct Configure: Equatable, Sendable {
    package var patch: JSON
    /// The camera that it is about; nil for all, or none.
    package var camera: String?
    /// Seconds within which the camera must give pictures, or the change is taken back.
    package var probation: Double?
  }

  /// All types, as they are written: these, and one for each analyser.
  package static func types(analysers: [String]) -> [String] {
    CommandType.allCases.map(\.rawValue) + analysers.map(setting)
  }

  /// What changes an analyser's options.
  private static func setting(_ analyser: String) -> String { "\(analyser).set" }

  /// - Parameter analysers: the names of those that there are.
  /// - Throws: `.unknownType`, `.badArgument`.
  package init(_ value: JSON, analysers: [String]) throws(Rejection) {
    let name = value["type"]?.text ?? ""
    var fields = try Fields(value, name)
    _ = fields.value("type")
    if let analyser = analysers.first(where: { Self.setting($0) == name }) {
      self = .configure(
        try Configure.ofCamera(&fields) { fields throws(Rejection) in
          [analyser: try Configure.options(&fields)]
        })
      try fields.finish()
      return
    }
    guard let type = CommandType(rawValue: name) else {
      throw Rejection(.unknownType, "there is no command \(name)")
    }
    switch type {
    case .ping: self = .ping
    case .status: self = .status
    case .snapshot: self = .snapshot(camera: try fields.word("camera", bytesMax: 63))
    case .cameraSet: self = .configure(try Configure.ofCamera(&fields, Configure.group))
    case .cameraStart: self = .configure(try Configure.ofCamera(&fields) { _ in ["enabled": true] })
    case .cameraStop: self = .configure(try Configure.ofCamera(&fields) { _ in ["enabled": false] })
    case .topicsSet: self = .configure(try Configure.ofTopics(&fields))
    case .coloursSilhouette:
      self = .silhouette(
        camera: try fields.word("camera", bytesMax: 63),
        lambda: try fields.optionalNumber("lambda", Self.silhouetteLambda))
    case .galleryPut: self = .galleryPut(try GalleryPerson.list(&fields))
    case .galleryRemove: self = try Self.remove(&fields)
    case .galleryReplace: self = .galleryReplace(try GalleryChunk(&fields))
    case .galleryDiscard:
      let isOfOne = fields.value("upload") != nil
      self = .galleryDiscard(upload: isOfOne ? try fields.word("upload", bytesMax: 64) : nil)
    case .galleryTrain: self = .galleryTrain(try Self.training(&fields))
    case .spoolDrain: self = .spoolDrain
    case .spoolDiscard:
      let spooled = try fields.word("class")
      guard ["frames", "copies", "metrics", "faces", "events"].contains(spooled) else {
        throw fields.failure("class", "expected frames, copies, metrics, faces or events")
      }
      self = .spoolDiscard(spoolClass: spooled)
    case .configReload: self = .configReload
    case .configReset:
      let isOfOne = fields.value("camera") != nil
      self = .configReset(camera: isOfOne ? try fields.word("camera", bytesMax: 63) : nil)
    case .keysPut: self = .keysPut(try TrustedKey(fields.value("key")))
    case .timeReset: self = .timeReset
    case .keysRevoke: self = .keysRevoke(id: try fields.word("key"))
    }
    try fields.finish()
  }

  /// Keys of a camera by which another picture would be captured: another place, or another part of it.
  private static let sourceKeys: Set<String> = ["device", "replay", "format", "size", "controls"]

  /// What a key must be allowed besides the command's own type, since a camera's settings hold more than others do.
  package static func permissions(_ command: JSON, analysers: [String]) -> [String] {
    guard command["type"] == "camera.set", let changes = command["set"]?.members else { return [] }
    var needed: [String] = []
    if !sourceKeys.isDisjoint(with: changes.keys) { needed.append("camera.source") }
    if changes["masks"] != nil { needed.append("camera.masks") }
    if let enabled = changes["enabled"] {
      needed.append(enabled == false ? "camera.stop" : "camera.start")
    }
    return needed + analysers.filter { changes[$0] != nil }.map(setting)
  }

  private static func remove(_ fields: inout Fields) throws(Rejection) -> ControlCommand {
    var names: [PersonName] = []
    for text in try fields.texts("names", countMax: 10_000) {
      do throws(GalleryError) {
        names.append(try PersonName(text))
      } catch {
        throw fields.failure("names", error.description)
      }
    }
    var photos: [Digest] = []
    for text in try fields.texts("photos", countMax: 10_000) {
      guard let digest = Digest(hex: text) else {
        throw fields.failure("photos", "SHA-256 sums in hexadecimal belong in the list")
      }
      photos.append(digest)
    }
    guard !names.isEmpty || !photos.isEmpty else {
      throw fields.failure("names", "nobody is named; give names or photos")
    }
    return .galleryRemove(names: names, photos: photos)
  }

  /// Below it nearly each colour is a cluster: that has no silhouette, and takes all of a box's memory.
  package static let silhouetteLambda = 1.0...1000.0

  private static func training(_ fields: inout Fields) throws(Rejection) -> TrainingOptions {
    var options = TrainingOptions()
    if let c = try fields.optionalNumber("inverse_regularisation", 1e-6...1e6) {
      options.inverseRegularisation = c
    }
    if let folds = try fields.optionalInteger("folds", 0...TrainingOptions.foldsMax) {
      guard folds != 1 else { throw fields.failure("folds", "0 or 2 and more belongs here") }
      options.folds = folds
    }
    if let least = try fields.optionalInteger("encodings_min", 1...1000) {
      options.encodingsMin = least
    }
    if let model = try fields.optionalText("model") {
      options.model = try GalleryPerson.model(model, fields)
    }
    return options
  }

  /// What it has in common with others of its type.
  package var traits: CommandTraits {
    let type: CommandType =
      switch self {
      // That of an analyser has no row, and is as that of a camera.
      case .configure(let change): change.camera == nil ? .topicsSet : .cameraSet
      case .ping: .ping
      case .status: .status
      case .snapshot: .snapshot
      case .silhouette: .coloursSilhouette
      case .galleryPut: .galleryPut
      case .galleryRemove: .galleryRemove
      case .galleryReplace: .galleryReplace
      case .galleryDiscard: .galleryDiscard
      case .galleryTrain: .galleryTrain
      case .spoolDrain: .spoolDrain
      case .spoolDiscard: .spoolDiscard
      case .configReload: .configReload
      case .configReset: .configReset
      case .keysPut: .keysPut
      case .keysRevoke: .keysRevoke
      case .timeReset: .timeReset
      }
    return type.traits
  }

  /// The camera that it names; nil for none.
  package var camera: String? {
    switch self {
    case .configure(let change): change.camera
    case .snapshot(let camera), .silhouette(let camera, _): camera
    case .configReset(let camera): camera
    case .ping, .status, .galleryPut, .galleryRemove, .galleryReplace, .galleryDiscard,
      .galleryTrain, .spoolDrain, .spoolDiscard, .configReload, .keysPut, .keysRevoke, .timeReset:
      nil
    }
  }

  /// Whether it takes so long that the next must not wait for it.
  package var isLong: Bool {
    if case .configure(let change) = self, change.probation != nil { return true }
    return traits.isLong
  }
}

extension ControlCommand.Configure {
  /// A probation's length, in seconds.
  private static let probation = 1.0...600.0

  /// - Parameter change: reads how the camera's group of the configuration is to change.
  static func ofCamera(
    _ fields: inout Fields, _ change: (inout Fields) throws(Rejection) -> JSON
  ) throws(Rejection) -> Self {
    let probation = try fields.optionalNumber("probation", probation)
    let camera = try fields.word("camera", bytesMax: 63)
    return Self(
      patch: ["cameras": [camera: try change(&fields)]], camera: camera, probation: probation)
  }

  static func ofTopics(_ fields: inout Fields) throws(Rejection) -> Self {
    let probation = try fields.optionalNumber("probation", probation)
    let patch: JSON = ["kafka": ["topics": try group(&fields)]]
    if probation != nil { throw fields.failure("probation", "topics have none") }
    return Self(patch: patch)
  }

  static func group(_ fields: inout Fields) throws(Rejection) -> JSON {
    guard let value = fields.value("set"), value.members?.isEmpty == false else {
      throw fields.failure("set", "an object with what is to change belongs here")
    }
    return value
  }

  /// The options of an analyser.
  static func options(_ fields: inout Fields) throws(Rejection) -> JSON {
    guard let value = fields.value("set"), value.members != nil || value == "on" || value == "off"
    else { throw fields.failure("set", "an object, on or off belongs here") }
    return value
  }
}
