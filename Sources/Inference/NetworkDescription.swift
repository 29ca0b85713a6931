import Paths
import YAML

/// How a picture is prepared for a network and what its numbers mean: the YAML beside its file. Where there is none, or a key is
/// missing, the network is taken for one that was trained on ImageNet in the usual way.
package struct NetworkDescription: Equatable, Sendable {
  package struct Size: Equatable, Sendable {
    package var width: Int
    package var height: Int

    package init(width: Int, height: Int) {
      self.width = width
      self.height = height
    }
  }

  package enum Channels: String, CaseIterable, Sendable {
    case rgb, bgr
    case grey
  }

  package enum Output: String, CaseIterable, Sendable {
    case logits
    case probabilities
  }

  /// Nil: what the model says.
  package var size: Size?
  /// Pixels of the shorter side before the middle is cut out; nil: the size, made larger by a seventh.
  package var resize: Int?
  package var channels = Channels.rgb
  /// Taken from each channel, of 0 to 255, in the order of `channels`.
  package var mean: [Float] = [123.675, 116.28, 103.53]
  /// What it is divided by then.
  package var scale: [Float] = [58.395, 57.12, 57.375]
  package var output = Output.logits
  /// The path of the list of classes.
  package var classes: String
  package var licence: String?
  package var origin: String?

  /// ImageNet's, in this folder.
  package init(folder: String) { classes = Self.path("imagenet.txt", in: folder) }

  private static let keys = [
    "size", "resize", "channels", "mean", "scale", "output", "classes", "licence", "origin",
  ]

  private static func path(_ name: String, in folder: String) -> String {
    name.hasPrefix("/") || folder.isEmpty ? name : "\(folder)\(name)"
  }

  /// The path of the YAML beside a model's file.
  package static func path(beside model: String) -> String {
    (model.hasSuffix(".onnx") ? String(model.dropLast(5)) : model) + ".yaml"
  }

  /// - Parameter model: the path of its file.
  package init(beside model: String) throws(InferenceError) {
    let path = Self.path(beside: model)
    let folder = model.lastIndex(of: "/").map { String(model[...$0]) } ?? ""
    let bytes: [UInt8]
    do throws(FileFault) {
      bytes = try OpenFile(path).readPrefix(bytesMax: YAMLParser.bytesMax + 1)
    } catch {
      guard error.isMissing else {
        throw InferenceError(
          error.isDenied ? .denied : .badDescription,
          "the description \(path) of a model cannot be read: \(error)")
      }
      self.init(folder: folder)
      return
    }
    try self.init(bytes, path: path, folder: folder)
  }

  /// - Parameters:
  ///   - path: for errors.
  ///   - folder: which the list of classes is named from; empty, or with a slash at its end.
  package init(_ bytes: [UInt8], path: String, folder: String) throws(InferenceError) {
    self.init(folder: folder)
    var reader: NodeReader
    do throws(YAMLError) {
      let document = try YAMLParser.parse(bytes, file: path)
      reader = NodeReader(errors: document.errors)
      if let node = document.value {
        for entry in reader.group(node, "") ?? [] { read(entry, &reader, folder) }
      }
    } catch {
      throw Self.fault(error.diagnostics)
    }
    checkChannels(path, &reader)
    guard reader.errors.isEmpty else { throw Self.fault(reader.errors) }
  }

  private static func fault(_ diagnostics: [Diagnostic]) -> InferenceError {
    InferenceError(
      .badDescription, diagnostics.map(\.description).joined(separator: "\n"))
  }

  private mutating func read(_ entry: YAMLNode.Entry, _ reader: inout NodeReader, _ folder: String)
  {
    let (key, node) = (entry.key, entry.value)
    switch key {
    case "size":
      guard let text = reader.text(node, key, "a picture size such as 224x224") else { return }
      let range = 1...NetworkBounds.pictureSide
      guard let found = Units.size(text), range.contains(found.width), range.contains(found.height)
      else {
        reader.fail(
          node.place, key,
          "\(node.kindName) is no picture size; give width x height of 1 to \(range.upperBound) pixels, such as 224x224"
        )
        return
      }
      size = Size(width: found.width, height: found.height)
    case "resize": resize = reader.integer(node, key, 1...2 * NetworkBounds.pictureSide) ?? resize
    case "channels": channels = reader.choice(node, key, Channels.self) ?? channels
    case "mean": mean = Self.numbers(node, key, &reader) ?? mean
    case "scale":
      guard let numbers = Self.numbers(node, key, &reader) else { return }
      guard numbers.allSatisfy({ abs($0) >= 1e-6 }) else {
        return reader.fail(
          node.place, key, "nothing can be divided by 0; give 1 to leave values as they are")
      }
      scale = numbers
    case "output": output = reader.choice(node, key, Output.self) ?? output
    case "classes":
      guard let name = reader.text(node, key, "the name of a file") else { return }
      classes = Self.path(name, in: folder)
    case "licence": licence = reader.text(node, key)
    case "origin": origin = reader.text(node, key)
    default: reader.unknown(entry, key, known: Self.keys)
    }
  }

  /// A number for each channel.
  private static func numbers(
    _ node: YAMLNode, _ key: String, _ reader: inout NodeReader
  ) -> [Float]? {
    guard case .sequence(let items) = node.content, items.count == 1 || items.count == 3 else {
      reader.fail(
        node.place, key,
        "a list with a number for each channel belongs here, such as [127, 127, 127]")
      return nil
    }
    let numbers = items.compactMap { reader.number($0, key, -1e6...1e6).map { Float($0) } }
    return numbers.count == items.count ? numbers : nil
  }

  private mutating func checkChannels(_ path: String, _ reader: inout NodeReader) {
    let count = channels == .grey ? 1 : 3
    for (key, numbers) in [("mean", mean), ("scale", scale)] where numbers.count < count {
      reader.fail(
        YAMLNode.Place(file: path, line: 1, column: 1), key,
        "\(numbers.count) number is given for \(count) channels")
    }
  }
}
