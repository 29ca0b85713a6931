import YAML

extension NodeReader {
  mutating func size(
    _ node: YAMLNode, _ path: String, most: Int = 16_384
  ) -> CameraSettings.Size? {
    guard let text = text(node, path, "a picture size such as 1280x720") else { return nil }
    let range = 1...most
    guard let size = Units.size(text).map(CameraSettings.Size.init(width:height:)) else {
      fail(
        node.place, path,
        "\(node.kindName) is no picture size; give width x height in pixels, such as 1280x720")
      return nil
    }
    guard range.contains(size.width), range.contains(size.height) else {
      fail(
        node.place, path, "\(text) is out of range; give 1 to \(most) pixels for width and height")
      return nil
    }
    return size
  }
}

extension Units {
  /// `320x100+10+20`: width, height, x, y.
  static func mask(_ text: String) -> CameraSettings.Mask? {
    let parts = text.split(separator: "+", omittingEmptySubsequences: false)
    guard parts.count == 3, let size = size(parts[0]), let x = pixels(parts[1]),
      let y = pixels(parts[2])
    else { return nil }
    return CameraSettings.Mask(x: x, y: y, width: size.width, height: size.height)
  }
}
