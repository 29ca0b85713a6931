import Paths
import YAML

/// What a network can tell apart: a line for each class, in the order of its output. Synonyms follow the name behind `, `.
package struct ClassNames: Equatable, Sendable {
  static let bytesMax = 4 << 20
  static let nameLengthMax = 80

  /// The first synonym of each.
  package let names: [String]

  package init(path: String) throws(InferenceError) {
    let bytes: [UInt8]
    do throws(FileFault) {
      bytes = try WholeFile.read(path, bytesMax: Self.bytesMax)
    } catch {
      throw InferenceError(
        error.isDenied ? .denied : .modelMissing,
        "the list of classes \(path) cannot be read (\(error)): give classes: FILE in the YAML beside the model, or run 'tools/models --labels --to FOLDER'"
      )
    }
    try self.init(bytes, path: path)
  }

  /// - Parameter path: for errors.
  package init(_ bytes: [UInt8], path: String) throws(InferenceError) {
    let bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    var lines = bytes.split(separator: 10, omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    func fault(_ line: Int, _ text: String) -> InferenceError {
      InferenceError(.badDescription, "\(path):\(line): \(text)")
    }
    guard (2...NetworkBounds.classes).contains(lines.count) else {
      throw fault(
        max(1, lines.count),
        "a list of classes has 2 to \(NetworkBounds.classes) lines, and this has \(lines.count)")
    }
    var names: [String] = []
    var seen: [String: Int] = [:]
    for (index, line) in lines.enumerated() {
      let line = line.last == 13 ? line.dropLast() : line
      guard let text = String(validating: line, as: UTF8.self) else {
        throw fault(index + 1, "this is not UTF-8")
      }
      let end = text.firstRange(of: ", ")?.lowerBound ?? text.endIndex
      let name = String(text[..<end])
      guard !name.isEmpty, name.count <= Self.nameLengthMax, name.shown(.max) == name else {
        throw fault(
          index + 1,
          "a class's name is 1 to \(Self.nameLengthMax) characters that can be seen, not \(name.quoted)"
        )
      }
      if let first = seen.updateValue(index + 1, forKey: name) {
        throw fault(
          index + 1,
          "\(name.quoted) stands in line \(first) already; begin one of the two lines with another name"
        )
      }
      names.append(name)
    }
    self.names = names
  }
}
