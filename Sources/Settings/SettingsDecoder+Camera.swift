import Frames
import Keys
import YAML

extension SettingsDecoder {
  static let formats = PixelFormat.allCases.map(\.rawValue)
  private static let common = [
    "enabled", "quality", "chroma", "range", "publish", "publish_rate", "scale", "fit", "masks",
    "verify",
  ]
  private static let deviceOnly = [
    "device", "format", "size", "rate", "controls", "buffers", "timeout",
  ]

  /// - Returns: nil where the camera cannot be told from others, or has no source.
  mutating func camera(_ entry: YAMLNode.Entry, _ parent: String) -> CameraSettings? {
    guard Self.isName(entry.key) else {
      reader.fail(
        entry.keyPlace, parent,
        "\(entry.key.quoted) is no camera name; use 1 to 63 of letters, digits, '.', '_' and '-'")
      return nil
    }
    let path = "\(parent).\(entry.key)"
    guard let keys = reader.group(entry.value, path) else { return nil }
    devicePlaces[entry.key] = keys.first { $0.key == "device" }?.value.place
    let source = self.source(keys, path)
    // Without a source the other keys are checked all the same, so that all errors are told at once.
    var camera = CameraSettings(
      name: entry.key, source: source ?? .device(DeviceSettings(device: "")))
    var meansSource = keys.contains { $0.key == "device" || $0.key == "replay" }
    for key in keys {
      let meant = set(key, path, &camera)
      if meant == "device" || meant == "replay" { meansSource = true }
    }
    guard source != nil else {
      if !meansSource {
        reader.fail(
          entry.keyPlace, path,
          "where do its pictures come from? Give device: /dev/video0, or replay: with a path")
      }
      return nil
    }
    check(camera, keys, path)
    return camera
  }

  private mutating func source(
    _ keys: [YAMLNode.Entry], _ path: String
  ) -> CameraSettings.Source? {
    let device = keys.first { $0.key == "device" }
    let replay = keys.first { $0.key == "replay" }
    if device != nil, let replay {
      reader.fail(replay.keyPlace, path, "a camera is either a device or a replay, not both")
      return nil
    }
    if let device {
      return reader.text(device.value, "\(path).device", "a device such as /dev/video0")
        .map { .device(DeviceSettings(device: $0)) }
    }
    return replay.flatMap { self.replay($0.value, "\(path).replay") }.map { .replay($0) }
  }

  /// - Returns: where the key is not known, the one that was probably meant.
  private mutating func set(
    _ key: YAMLNode.Entry, _ parent: String, _ camera: inout CameraSettings
  ) -> String? {
    let path = "\(parent).\(key.key)"
    let value = key.value
    switch key.key {
    case "device", "replay": break
    case "enabled":
      if let enabled = reader.flag(value, path) { camera.enabled = enabled }
    case "quality":
      if let quality = reader.integer(value, path, 1...100) { camera.quality = quality }
    case "chroma":
      if let chroma = reader.choice(value, path, CameraSettings.Chroma.self) {
        camera.chroma = chroma
      }
    case "range":
      if let range = reader.choice(value, path, CameraSettings.Range.self) { camera.range = range }
    case "verify":
      if let verify = reader.choice(value, path, CameraSettings.Verify.self) {
        camera.verify = verify
      }
    case "fit":
      if let fit = reader.choice(value, path, CameraSettings.Fit.self) { camera.fit = fit }
    case "publish": publish(value, path, &camera.publish)
    case "publish_rate":
      if let rate = reader.rate(value, path, Self.publishRates) { camera.publish.rate = rate }
    case "scale": camera.scale = reader.size(value, path)
    case "masks": camera.masks = masks(value, path)
    default:
      if let table = analysers.first(where: { $0.name == key.key }) {
        camera.analysers[table.name] = options(table, value, path)
        return nil
      }
      if case .device(var device) = camera.source, Self.deviceOnly.contains(key.key) {
        setDevice(key, path, &device)
        camera.source = .device(device)
      } else if Self.deviceOnly.contains(key.key) {
        reader.fail(
          key.keyPlace, path,
          "this is for a device; a replay has format, size and rate under replay:")
      } else {
        return reader.unknown(
          key, parent, known: Self.common + Self.deviceOnly + ["replay"] + analysers.map(\.name))
      }
    }
    return nil
  }

  private mutating func setDevice(
    _ key: YAMLNode.Entry, _ path: String, _ device: inout DeviceSettings
  ) {
    let value = key.value
    switch key.key {
    case "format": device.format = format(value, path, fourCC: true)
    case "size": device.size = reader.size(value, path)
    case "rate": device.rate = reader.rate(value, path, 0.01...1000)
    case "buffers":
      if let count = reader.integer(value, path, 2...32) { device.buffers = count }
    case "timeout": device.timeout = reader.seconds(value, path, 1...3600)
    case "controls":
      for control in reader.group(value, path) ?? [] {
        guard let text = reader.text(control.value, "\(path).\(control.key)") else { continue }
        device.controls.append(DeviceSettings.Control(name: control.key, value: text))
      }
    default: break
    }
  }

  private mutating func format(_ node: YAMLNode, _ path: String, fourCC: Bool) -> String? {
    guard let text = reader.text(node, path, "a format such as yuyv") else { return nil }
    let name = text.lowercased()
    if Self.formats.contains(name) { return name }
    // V4L2 pads codes of three letters by a blank: Y16.
    if fourCC, name.hasPrefix("fourcc:"), (10...11).contains(text.utf8.count),
      text.utf8.allSatisfy({ $0 > 31 && $0 < 127 })
    {
      return "fourcc:" + text.dropFirst(7)
    }
    reader.fail(
      node.place, path,
      "\(node.kindName) is no format; give one of \(Self.formats.joined(separator: ", "))"
        + (fourCC ? ", or fourcc:XXXX for one that libv4l2 converts" : ""))
    return nil
  }

  private mutating func replay(_ node: YAMLNode, _ parent: String) -> ReplaySettings? {
    if case .scalar(_, _) = node.content, !node.isEmpty {
      return reader.text(node, parent, "a path").map { ReplaySettings(path: resolve($0)) }
    }
    guard let keys = reader.group(node, parent) else { return nil }
    var replay = ReplaySettings(path: "")
    for key in keys {
      let path = "\(parent).\(key.key)"
      switch key.key {
      case "path":
        if let text = reader.text(key.value, path, "a path") { replay.path = resolve(text) }
      case "format": replay.format = format(key.value, path, fourCC: false)
      case "size": replay.size = reader.size(key.value, path)
      case "rate":
        if let rate = reader.rate(key.value, path, 0.01...1000) { replay.rate = rate }
      case "loop":
        if let loop = reader.flag(key.value, path) { replay.loop = loop }
      default:
        reader.unknown(key, parent, known: ["path", "format", "size", "rate", "loop"])
      }
    }
    if let format = replay.format, format != "mjpeg", !keys.contains(where: { $0.key == "size" }) {
      reader.fail(
        node.place, parent, "raw frames have no header: give their size, such as 1280x720")
    }
    guard keys.contains(where: { $0.key == "path" }) else {
      reader.fail(
        node.place, parent, "path is missing: a folder of JPEGs, an MJPEG file, or raw frames")
      return nil
    }
    return replay.path.isEmpty ? nil : replay
  }

  func resolve(_ path: String) -> String {
    path.hasPrefix("/") ? path : "\(folder)/\(path)"
  }

  /// What can only be seen when all of a camera is known.
  private mutating func check(
    _ camera: CameraSettings, _ keys: [YAMLNode.Entry], _ path: String
  ) {
    let (size, format): (CameraSettings.Size?, String?) =
      switch camera.source {
      case .device(let device): (device.size, device.format)
      case .replay(let replay): (replay.size, replay.format ?? "mjpeg")
      }
    if let size, let masks = keys.first(where: { $0.key == "masks" })?.value {
      checkMasks(masks, in: size, "\(path).masks")
    }
    checkPublish(camera.publish, keys, path)
    for key in keys {
      let path = "\(path).\(key.key)"
      switch key.key {
      case "quality", "chroma":
        guard format == "mjpeg", camera.masks.isEmpty, camera.scale == nil else { continue }
        reader.warn(
          key.keyPlace, path,
          "without effect: the camera's JPEGs are passed through as they are")
      case "verify":
        guard let format, format != "mjpeg" else { continue }
        reader.warn(key.keyPlace, path, "without effect: this camera's pictures are no JPEGs")
      case "fit":
        guard camera.scale == nil else { continue }
        reader.warn(key.keyPlace, path, "without effect: there is no scale")
      default: break
      }
    }
  }
}
