import Inference
import YAML

/// Which classes are told of: those of `only`, where the network knows them.
enum ClassChoice {
  /// - Returns: nil for all.
  static func names(
    _ only: [String], of classes: ClassNames, listedIn list: String
  ) throws(InferenceError) -> Set<String>? {
    guard !only.isEmpty else { return nil }
    let known = Set(classes.names)
    for name in only where !known.contains(name) {
      let hint =
        NodeReader().nearest(to: name, of: classes.names).map { "did you mean \"\($0)\"?" }
        ?? "\(list) lists all"
      throw InferenceError(
        .badDescription, "labels.only: the network knows no class \(name.quoted); \(hint)")
    }
    return Set(only)
  }
}
