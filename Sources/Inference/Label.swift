import Glibc

/// A class that a picture may show, and how sure the network is of it.
package struct Label: Equatable, Sendable {
  /// The class's place in the list, from 0.
  package var index: Int
  package var name: String
  /// From 0 to 1.
  package var confidence: Float

  package init(index: Int, name: String, confidence: Float) {
    self.index = index
    self.name = name
    self.confidence = confidence
  }
}

package enum Confidence {
  /// Logits as shares of 1.
  package static func softmax(_ logits: [Float]) -> [Float] {
    let most = logits.max() ?? 0
    let powers = logits.map { expf($0 - most) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }

  /// The surest first; of two that are equally sure, the one that is first in the list.
  package static func top(_ confidences: [Float], _ count: Int, _ names: [String]) -> [Label] {
    var best: [Label] = []
    for (index, confidence) in confidences.enumerated() where index < names.count {
      if best.count >= count, let last = best.last, confidence <= last.confidence { continue }
      let place = best.firstIndex { $0.confidence < confidence } ?? best.endIndex
      best.insert(Label(index: index, name: names[index], confidence: confidence), at: place)
      if best.count > count { best.removeLast() }
    }
    return best
  }
}
