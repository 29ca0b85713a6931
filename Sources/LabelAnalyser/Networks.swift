import Inference

/// The networks that one worker has loaded, for all cameras' analysers on its thread. Each is loaded when the first picture
/// wants it.
final class Networks {
  /// Networks that are kept; beyond them the one that was not wanted for longest goes.
  private static let keptMax = 4

  /// The last that was wanted is the last.
  private var kept: [(path: String, network: Network)] = []

  /// One that cannot be loaded is tried again the next time: its file may be there by then.
  func network(_ path: String) throws(InferenceError) -> Network {
    if let index = kept.firstIndex(where: { $0.path == path }) {
      let found = kept.remove(at: index)
      kept.append(found)
      return found.network
    }
    // Before the new one takes its memory.
    if kept.count >= Self.keptMax { kept.removeFirst() }
    let network = try Network(model: path)
    kept.append((path, network))
    return network
  }
}
