import CChecksum
import CMatching

/// Multinomial logistic regression over encodings: gives each person that it was trained on a probability.
/// It knows nobody else, so what it says is taken only where the person is near too; see `MatchSettings`.
package final class Classifier: Sendable {
  /// How it was trained, and what came of it.
  package struct Training: Equatable, Sendable {
    /// The gallery's version and content that it was trained on.
    package var version: UInt64
    package var hash: Digest
    package var model: ModelName
    /// scikit-learn's C: large is a weak regularisation.
    package var inverseRegularisation: Double
    package var people: Int
    package var samples: Int
    package var iterations: Int
    /// How many parts cross-validation divided the samples into; 0 where it was not done.
    package var folds: Int
    /// The part of the samples that was named rightly by what was trained on the others.
    package var accuracy: Double?
  }

  package let training: Training
  /// The classes, by the bytes of the names.
  package let people: [PersonName]
  /// A row of 128 for each class, then an intercept for each.
  package let weights: [Double]

  init(training: Training, people: [PersonName], weights: [Double]) {
    self.training = training
    self.people = people
    self.weights = weights
  }

  /// The coefficients of a class.
  package func coefficients(_ index: Int) -> ArraySlice<Double> {
    weights[index * Encoding.count..<(index + 1) * Encoding.count]
  }

  package func intercept(_ index: Int) -> Double { weights[people.count * Encoding.count + index] }

  /// The probability of each class; they add up to 1.
  package func probabilities(_ encoding: Encoding) -> [Double] {
    var scores = [Double](repeating: 0, count: people.count)
    unsafe vm_scores(encoding.numbers, weights, people.count, &scores)
    let most = scores.max() ?? 0
    for index in scores.indices { scores[index] = Scalar.exp(scores[index] - most) }
    let sum = scores.reduce(0, +)
    return scores.map { $0 / sum }
  }

  /// The likeliest person; nil where the weights, which a file may say anything for, come to no number.
  package func likeliest(_ encoding: Encoding) -> (name: PersonName, probability: Double)? {
    let all = probabilities(encoding)
    guard let index = all.indices.max(by: { all[$0] < all[$1] }), all[index].isFinite else {
      return nil
    }
    return (people[index], all[index])
  }
}

extension Classifier {
  private static let magic = Array("VDCL1\0\0\0".utf8)

  /// As it is kept in the file: all numbers little-endian, a CRC-32C at the end.
  var stored: [UInt8] {
    var bytes = Self.magic
    bytes.put(training.version)
    bytes += training.hash.bytes
    bytes.put(training.model.text)
    bytes.put(training.inverseRegularisation.bitPattern)
    bytes.put(UInt64(training.samples))
    bytes.put(UInt64(training.iterations))
    bytes.put(UInt64(training.folds))
    bytes.put((training.accuracy ?? .nan).bitPattern)
    bytes.put(UInt64(people.count))
    for person in people { bytes.put(person.text) }
    for weight in weights { bytes.put(weight.bitPattern) }
    bytes.put(UInt64(Self.sum(bytes[...])))
    return bytes
  }

  /// Nil where it is not what was written.
  convenience init?(stored bytes: [UInt8]) {
    guard bytes.count > 8 + Self.magic.count, Array(bytes.prefix(Self.magic.count)) == Self.magic
    else { return nil }
    var rest = bytes[Self.magic.count...]
    var tail = bytes.suffix(8)
    guard let sum = tail.takeNumber(), sum == UInt64(Self.sum(bytes.dropLast(8))),
      let version = rest.takeNumber(), let hash = rest.take(Digest.count).flatMap({ Digest($0) }),
      let model = rest.takeText(), let regularisation = rest.takeNumber(),
      let samples = rest.takeNumber(), let iterations = rest.takeNumber(),
      let folds = rest.takeNumber(), let accuracy = rest.takeNumber(),
      let count = rest.takeNumber(), count <= UInt64(bytes.count)
    else { return nil }
    var people: [PersonName] = []
    for _ in 0..<count {
      guard let name = rest.takeText() else { return nil }
      people.append(PersonName(stored: name))
    }
    var weights: [Double] = []
    for _ in 0..<people.count * (Encoding.count + 1) {
      guard let pattern = rest.takeNumber() else { return nil }
      weights.append(Double(bitPattern: pattern))
    }
    let measured = Double(bitPattern: accuracy)
    self.init(
      training: Training(
        version: version, hash: hash, model: ModelName(stored: model),
        inverseRegularisation: Double(bitPattern: regularisation), people: people.count,
        samples: Int(clamping: samples),
        iterations: Int(clamping: iterations), folds: Int(clamping: folds),
        accuracy: measured.isNaN ? nil : measured),
      people: people, weights: weights)
  }

  private static func sum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    unsafe bytes.withUnsafeBytes { unsafe vc_crc32c(0, $0.baseAddress, $0.count) }
  }
}

extension [UInt8] {
  fileprivate mutating func put(_ number: UInt64) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }

  fileprivate mutating func put(_ text: String) {
    put(UInt64(text.utf8.count))
    self += text.utf8
  }
}

extension ArraySlice<UInt8> {
  fileprivate mutating func take(_ count: Int) -> [UInt8]? {
    guard count <= self.count else { return nil }
    defer { self = dropFirst(count) }
    return Array(prefix(count))
  }

  fileprivate mutating func takeNumber() -> UInt64? {
    take(8)?.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  fileprivate mutating func takeText() -> String? {
    guard let count = takeNumber(), count <= 1000 else { return nil }
    return take(Int(count)).map { String(decoding: $0, as: UTF8.self) }
  }
}
