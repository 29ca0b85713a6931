extension SettingsDecoder {
  static let formats = [
    "yuyv", "uyvy", "yvyu", "nv12", "nv21", "nv16", "yu12", "grey", "rgb24", "bgr24", "mjpeg",
  ]
  private static let common = [
    "quality", "chroma", "range", "publish_rate", "scale", "fit", "masks", "verify",
  ]
  private static let deviceOnly = [
    "device", "format", "size", "rate", "controls", "buffers", "timeout",
  ]

  mutating func camera(_ entry: YAMLNode.Entry, _ parent: String) -> CameraSettings? {
    let path = "\(parent).\(entry.key)"
    guard Self.isName(entry.key) else {
      reader.fail(
        entry.keyPlace, parent,
        "\"\(entry.key.prefix(70))\" is no camera name; use 1 to 63 of letters, digits, '.', '_' and '-'"
      )
      return nil
    }
    guard let keys = reader.group(entry.value, path) else { return nil }
    cameraPlaces[entry.key] = entry.keyPlace
    let source: CameraSettings.Source
    switch (keys.first { $0.key == "device" }, keys.first { $0.key == "replay" }) {
    case (let device?, nil):
      guard let name = reader.text(device.value, "\(path).device") else { return nil }
      source = .device(DeviceSettings(device: name))
    case (nil, let replay?):
      guard let settings = self.replay(replay.value, "\(path).replay") else { return nil }
      source = .replay(settings)
    case (_?, let replay?):
      reader.fail(replay.keyPlace, path, "a camera is either a device or a replay, not both")
      return nil
    case (nil, nil):
      for key in keys where !(Self.common + Self.deviceOnly).contains(key.key) {
        reader.unknown(key, path, known: Self.common + Self.deviceOnly + ["replay"])
      }
      reader.fail(
        entry.keyPlace, path,
        "where do its pictures come from? Give device: /dev/video0, or replay: with a path")
      return nil
    }
    var camera = CameraSettings(name: entry.key, source: source)
    for key in keys { set(key, path, &camera) }
    check(camera, entry, keys, path)
    return camera
  }

  private mutating func set(
    _ key: YAMLNode.Entry, _ parent: String, _ camera: inout CameraSettings
  ) {
    let path = "\(parent).\(key.key)"
    let value = key.value
    switch key.key {
    case "device", "replay": break
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
    case "publish_rate": camera.publishRate = reader.rate(value, path, 0.001...1000)
    case "scale": camera.scale = reader.size(value, path)
    case "masks": camera.masks = masks(value, path)
    default:
      if case .device(var device) = camera.source, Self.deviceOnly.contains(key.key) {
        setDevice(key, path, &device)
        camera.source = .device(device)
      } else if Self.deviceOnly.contains(key.key) {
        reader.fail(
          key.keyPlace, path,
          "this is for a device; a replay has format, size and rate under replay:")
      } else {
        reader.unknown(key, parent, known: Self.common + Self.deviceOnly + ["replay"])
      }
    }
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
    guard let text = reader.text(node, path) else { return nil }
    let name = text.lowercased()
    if Self.formats.contains(name) { return name }
    if fourCC, name.hasPrefix("fourcc:"), text.utf8.count == 11,
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

  private mutating func replay(_ node: YAMLNode, _ path: String) -> ReplaySettings? {
    if case .scalar(let text, _) = node.content, !text.isEmpty {
      return ReplaySettings(path: resolve(text))
    }
    guard let keys = reader.group(node, path) else { return nil }
    var replay = ReplaySettings(path: "")
    for key in keys {
      let path = "\(path).\(key.key)"
      switch key.key {
      case "path":
        if let text = reader.text(key.value, path) { replay.path = resolve(text) }
      case "format": replay.format = format(key.value, path, fourCC: false)
      case "size": replay.size = reader.size(key.value, path)
      case "rate":
        if let rate = reader.rate(key.value, path, 0.01...1000) { replay.rate = rate }
      case "loop":
        if let loop = reader.flag(key.value, path) { replay.loop = loop }
      default:
        reader.unknown(key, path, known: ["path", "format", "size", "rate", "loop"])
      }
    }
    if replay.path.isEmpty {
      reader.fail(
        node.place, path, "path is missing: a folder of JPEGs, an MJPEG file, or raw frames")
      return nil
    }
    if let format = replay.format, format != "mjpeg", replay.size == nil {
      reader.fail(node.place, path, "raw frames have no header: give their size, such as 1280x720")
    }
    return replay
  }

  private func resolve(_ path: String) -> String {
    path.hasPrefix("/") ? path : "\(folder)/\(path)"
  }

  private mutating func masks(_ node: YAMLNode, _ path: String) -> [CameraSettings.Mask] {
    guard case .sequence(let items) = node.content else {
      reader.fail(node.place, path, "a list of rectangles belongs here, not \(node.kindName)")
      return []
    }
    var masks: [CameraSettings.Mask] = []
    for (index, item) in items.enumerated() {
      let path = "\(path)[\(index)]"
      var mask = CameraSettings.Mask(x: 0, y: 0, width: 0, height: 0)
      if case .scalar(let text, _) = item.content {
        guard let read = Units.mask(text) else {
          reader.fail(
            item.place, path,
            "\(item.kindName) is no rectangle; give WIDTHxHEIGHT+X+Y, or x, y, width, height")
          continue
        }
        mask = read
      } else {
        for key in reader.group(item, path) ?? [] {
          guard ["x", "y", "width", "height"].contains(key.key) else {
            reader.unknown(key, path, known: ["x", "y", "width", "height"])
            continue
          }
          guard let value = reader.integer(key.value, "\(path).\(key.key)", 0...16_384) else {
            continue
          }
          switch key.key {
          case "x": mask.x = value
          case "y": mask.y = value
          case "width": mask.width = value
          default: mask.height = value
          }
        }
      }
      guard mask.x >= 0, mask.y >= 0, mask.width > 0, mask.height > 0,
        max(mask.x, mask.y, mask.width, mask.height) <= 16_384
      else {
        reader.fail(
          item.place, path,
          "a mask needs a width and a height above 0, and lies within 16384 pixels")
        continue
      }
      masks.append(mask)
    }
    return masks
  }

  /// What can only be seen when all of a camera is known.
  private mutating func check(
    _ camera: CameraSettings, _ entry: YAMLNode.Entry, _ keys: [YAMLNode.Entry], _ path: String
  ) {
    let (size, format): (CameraSettings.Size?, String?) =
      switch camera.source {
      case .device(let device): (device.size, device.format)
      case .replay(let replay): (replay.size, replay.format ?? "mjpeg")
      }
    if let size {
      let place = keys.first { $0.key == "masks" }?.value.place ?? entry.keyPlace
      for (index, mask) in camera.masks.enumerated()
      where mask.x + mask.width > size.width || mask.y + mask.height > size.height {
        reader.fail(
          place, "\(path).masks[\(index)]",
          """
          \(mask.width)x\(mask.height)+\(mask.x)+\(mask.y) reaches outside the frame of \
          \(size.width)x\(size.height)
          """)
      }
    }
    guard format == "mjpeg", camera.masks.isEmpty, camera.scale == nil else { return }
    for key in keys where key.key == "quality" || key.key == "chroma" {
      reader.warn(
        key.keyPlace, "\(path).\(key.key)",
        "without effect: the camera's JPEGs are passed through as they are")
    }
  }
}
