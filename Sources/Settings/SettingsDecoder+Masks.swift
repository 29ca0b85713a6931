import YAML

extension SettingsDecoder {
  private static let maskKeys = ["x", "y", "width", "height"]

  mutating func masks(_ node: YAMLNode, _ path: String) -> [CameraSettings.Mask] {
    guard let items = items(node, path) else { return [] }
    return items.enumerated().compactMap { mask($1, "\(path)[\($0)]") }
  }

  /// One rectangle.
  mutating func rectangle(_ node: YAMLNode, _ path: String) -> CameraSettings.Mask? {
    mask(node, path)
  }

  private mutating func items(_ node: YAMLNode, _ path: String) -> [YAMLNode]? {
    if case .sequence(let items) = node.content { return items }
    if node.isEmpty {
      reader.warn(
        node.place, path, "nothing is masked here; write [] where that is meant, or give rectangles"
      )
      return []
    }
    reader.fail(node.place, path, "a list of rectangles belongs here, not \(node.kindName)")
    return nil
  }

  private mutating func mask(_ node: YAMLNode, _ path: String) -> CameraSettings.Mask? {
    var mask: CameraSettings.Mask?
    if case .scalar = node.content {
      mask = Self.written(node)
      if mask == nil {
        reader.fail(
          node.place, path,
          "\(node.kindName) is no rectangle; give WIDTHxHEIGHT+X+Y, or x, y, width and height")
      }
    } else {
      mask = group(node, path)
    }
    guard let mask else { return nil }
    guard mask.width > 0, mask.height > 0,
      max(mask.x, mask.y, mask.width, mask.height) <= 16_384
    else {
      reader.fail(
        node.place, path,
        "a mask needs a width and a height above 0, and lies within 16384 pixels")
      return nil
    }
    return mask
  }

  private static func written(_ node: YAMLNode) -> CameraSettings.Mask? {
    guard case .scalar(let text, _) = node.content else { return nil }
    return Units.mask(text)
  }

  /// All four must be given: a mask in the wrong place hides nothing.
  private mutating func group(_ node: YAMLNode, _ path: String) -> CameraSettings.Mask? {
    guard let keys = reader.group(node, path) else { return nil }
    var values: [String: Int] = [:]
    for key in keys {
      guard Self.maskKeys.contains(key.key) else {
        reader.unknown(key, path, known: Self.maskKeys)
        continue
      }
      values[key.key] = reader.integer(key.value, "\(path).\(key.key)", 0...16_384)
    }
    let missing = Self.maskKeys.filter { name in !keys.contains { $0.key == name } }
    guard missing.isEmpty else {
      reader.fail(
        node.place, path,
        "\(missing.joined(separator: " and ")) is missing; a mask has x, y, width and height")
      return nil
    }
    guard let x = values["x"], let y = values["y"], let width = values["width"],
      let height = values["height"]
    else { return nil }
    return CameraSettings.Mask(x: x, y: y, width: width, height: height)
  }

  /// Each mask, where it stands, against the size of the captured picture.
  mutating func checkMasks(
    _ node: YAMLNode, in size: CameraSettings.Size, _ path: String
  ) {
    guard case .sequence(let items) = node.content else { return }
    // Whatever is wrong with a mask itself was told when it was read.
    var silent = SettingsDecoder(folder: folder, errors: [])
    for (index, item) in items.enumerated() {
      guard let mask = silent.mask(item, path),
        mask.x + mask.width > size.width || mask.y + mask.height > size.height
      else { continue }
      reader.fail(
        item.place, "\(path)[\(index)]",
        """
        \(mask.width)x\(mask.height)+\(mask.x)+\(mask.y) reaches outside the frame of \
        \(size.width)x\(size.height)
        """)
    }
  }
}
