import Documents

/// Commands that change the configuration of the running agent, for good.
enum OverlayCommands {
  /// A probation's length, in seconds.
  private static let probation = 1.0...600.0

  /// - Parameter analysers: the names of those that there are: each has a command of its own, `NAME.set`.
  static func all<Box>(analysers: [String]) -> [Command<Box>] {
    [
      Command(.cameraSet, .camera, permissions: { permissions($0, analysers) }) {
        fields throws(Rejection) in try camera(&fields, try group(&fields))
      },
      Command(.cameraStart, .camera) { fields throws(Rejection) in
        try camera(&fields, ["enabled": true])
      },
      Command(.cameraStop, .camera) { fields throws(Rejection) in
        try camera(&fields, ["enabled": false])
      },
      Command(.topicsSet, .node) { fields throws(Rejection) in
        .overlay(.merge(["kafka": ["topics": try group(&fields)]], probation: nil))
      },
      // Also of a camera that is no longer configured.
      Command(.configReset, .node) { fields throws(Rejection) in
        .overlay(.reset(camera: try fields.optionalWord("camera", bytesMax: 63)))
      },
    ] + analysers.map(set)
  }

  private static func set<Box>(_ analyser: String) -> Command<Box> {
    Command(setting(analyser), .camera) { fields throws(Rejection) in
      try camera(&fields, [analyser: try options(&fields)])
    }
  }

  /// What changes an analyser's options.
  private static func setting(_ analyser: String) -> String { "\(analyser).set" }

  /// Keys of a camera by which another picture would be captured: another place, or another part of it.
  private static let sourceKeys: Set<String> = ["device", "replay", "format", "size", "controls"]

  /// A camera's settings hold more than others do.
  private static func permissions(_ command: JSON, _ analysers: [String]) -> [String] {
    guard let changes = command["set"]?.members else { return [] }
    var needed: [String] = []
    if !sourceKeys.isDisjoint(with: changes.keys) { needed.append("camera.source") }
    if changes["masks"] != nil { needed.append("camera.masks") }
    if let enabled = changes["enabled"] {
      needed.append(enabled == false ? "camera.stop" : "camera.start")
    }
    return needed + analysers.filter { changes[$0] != nil }.map(setting)
  }

  /// - Parameter change: how the camera's group of the configuration is to change.
  private static func camera<Box>(
    _ fields: inout Fields, _ change: JSON
  ) throws(Rejection) -> CommandEffect<Box> {
    let probation = try fields.optionalNumber("probation", probation)
    let camera = try fields.word("camera", bytesMax: 63)
    return .overlay(.merge(["cameras": [camera: change]], probation: probation))
  }

  private static func group(_ fields: inout Fields) throws(Rejection) -> JSON {
    guard let value = fields.value("set"), value.members?.isEmpty == false else {
      throw fields.failure("set", "an object with what is to change belongs here")
    }
    return value
  }

  /// The options of an analyser.
  private static func options(_ fields: inout Fields) throws(Rejection) -> JSON {
    guard let value = fields.value("set"), value.members != nil || value == "on" || value == "off"
    else { throw fields.failure("set", "an object, on or off belongs here") }
    return value
  }
}
