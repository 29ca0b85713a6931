import Foundation
import TestDice
import Testing

@testable import Gallery

/// What scikit-learn made of samples that `LearntCase.samples` makes again.
private struct LearntCase: Decodable {
  var seed: UInt64
  var classes: Int
  var each: Int
  var centre_bits: Int
  var noise_bits: Int
  var c: Double
  var coefficients: [[Double]]
  var lengths: [Double]
  var intercepts: [Double]
  var probabilities: [Double]

  static func all() throws -> [LearntCase] {
    struct File: Decodable { var cases: [LearntCase] }
    let place = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../Programs/logistic/fixture.json")
    return try JSONDecoder().decode(File.self, from: Data(contentsOf: place)).cases
  }

  func entries() throws -> [GalleryEntry] {
    var dice = Dice(seed: seed)
    var entries: [GalleryEntry] = []
    func small(_ bits: Int) -> Float {
      Float(Int(dice.next() & 0xFFFF) - 32768) / Float(1 << bits)
    }
    for label in 0..<classes {
      let centre = (0..<Encoding.count).map { _ in small(centre_bits) + 0.0625 }
      for _ in 0..<each + label % 3 {
        entries.append(
          GalleryEntry(
            name: name("\(1000 + label)"), model: model,
            encoding: try Encoding(centre.map { $0 + small(noise_bits) })))
      }
    }
    return entries
  }
}

struct TrainingTests {
  @Test("Coefficients, intercepts and probabilities are scikit-learn's", arguments: 0..<6)
  func coefficients(number: Int) throws {
    let learnt = try LearntCase.all()[number]
    let scratch = Scratch()
    let gallery = try Gallery(scratch.file)
    let entries = try learnt.entries()
    try gallery.add(entries.shuffled())
    var options = TrainingOptions()
    options.inverseRegularisation = learnt.c
    options.folds = 0
    let classifier = try gallery.train(options)
    #expect(classifier.people.count == learnt.classes)
    let isBinary = learnt.classes == 2
    for (index, expected) in learnt.coefficients.enumerated() {
      // For two classes scikit-learn has one row, the second class's against the first's.
      let row =
        isBinary
        ? zip(classifier.coefficients(1), classifier.coefficients(0)).map { $0 - $1 }
        : Array(classifier.coefficients(index))
      for (place, number) in expected.enumerated() { #expect(abs(row[place * 7] - number) < 1e-4) }
      let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(abs(length - learnt.lengths[index]) < 1e-4)
      let intercept =
        isBinary
        ? classifier.intercept(1) - classifier.intercept(0) : classifier.intercept(index)
      #expect(abs(intercept - learnt.intercepts[index]) < 1e-4)
    }
    for (ours, theirs) in zip(classifier.probabilities(entries[0].encoding), learnt.probabilities) {
      #expect(abs(ours - theirs) < 1e-5)
    }
  }

  /// 20 people with some encodings each, and one who is not among them.
  private func trained(
    _ scratch: Scratch, each: Int = 12
  ) throws -> (gallery: Gallery, centres: [[Float]], stranger: Encoding) {
    let gallery = try Gallery(scratch.file)
    var dice = Dice(seed: 9)
    var entries: [GalleryEntry] = []
    var centres: [[Float]] = []
    for person in 0..<20 {
      let centre = try dice.encoding().numbers
      centres.append(centre)
      for _ in 0..<each {
        entries.append(
          GalleryEntry(
            name: name("\(100 + person)"), model: model,
            encoding: try dice.encoding(near: centre, spread: 0.04)))
      }
    }
    try gallery.add(entries)
    return (gallery, centres, try dice.encoding(spread: 0.1))
  }

  @Test("Cross-validation tells how well people are told apart, and the classifier is kept")
  func kept() throws {
    let scratch = Scratch()
    let (gallery, _, _) = try trained(scratch)
    var options = TrainingOptions()
    options.inverseRegularisation = 10
    var parts: [Double] = []
    let classifier = try gallery.train(options) {
      parts.append($0)
      return true
    }
    #expect(classifier.training.accuracy ?? 0 >= 0.99)
    #expect(classifier.training.samples == 240 && classifier.training.folds == 5)
    #expect(parts == parts.sorted() && (parts.last ?? 2) < 1)
    #expect(try gallery.snapshot().classifier === classifier)
    let reopened = try #require(try Gallery(scratch.file).snapshot().classifier)
    #expect(reopened.training == classifier.training)
    #expect(reopened.weights == classifier.weights && reopened.people == classifier.people)
  }

  @Test("Without anything to tell people apart by, cross-validation says so")
  func chance() throws {
    let scratch = Scratch()
    let gallery = try Gallery(scratch.file)
    try gallery.add((0..<200).map { try entry("\($0 % 10)", UInt64($0)) })
    let accuracy = try #require(try gallery.train().training.accuracy)
    #expect(accuracy < 0.3)
  }

  @Test("The same content gives the same numbers, in whatever order it came")
  func deterministic() throws {
    let (one, other) = (Scratch(), Scratch())
    let first = try trained(one).gallery
    let second = try Gallery(other.file)
    try second.add(try first.entries().shuffled())
    var options = TrainingOptions()
    options.folds = 3
    let (left, right) = (try first.train(options), try second.train(options))
    #expect(left.weights == right.weights && left.training.accuracy == right.training.accuracy)
  }

  @Test("The regression names whom it knows, and neither strangers nor those who are gone")
  func unknown() throws {
    let scratch = Scratch()
    let (gallery, centres, stranger) = try trained(scratch)
    var options = TrainingOptions()
    options.inverseRegularisation = 100
    options.folds = 0
    let classifier = try gallery.train(options)
    var settings = MatchSettings()
    settings.method = .regression
    settings.probability = 0
    func match(_ encoding: Encoding) throws -> Identity {
      try gallery.snapshot().match([encoding], model: model, settings: settings)[0]
    }
    for (person, centre) in centres.enumerated() {
      let identity = try match(try Encoding(centre))
      #expect(identity.name == name("\(100 + person)") && identity.method == .regression)
      #expect(identity.likeliest == identity.name && (identity.probability ?? 0) > 0.5)
    }
    // Far from everybody, though the regression must choose somebody.
    let nobody = try match(stranger)
    #expect(nobody.name == nil && nobody.likeliest != nil && (nobody.distance ?? 0) > 0.6)
    let surest = try #require(nobody.probability)
    settings.threshold = 2
    #expect(try match(stranger).name == nobody.likeliest)
    settings.probability = surest + 1e-9
    #expect(try match(stranger).name == nil)
    settings.probability = 0
    let gone = try #require(nobody.likeliest)
    let left = try gallery.transaction { edit throws(GalleryError) in try edit.remove(gone) }
    #expect(left == 12)
    #expect(try gallery.snapshot().classifier === classifier)
    #expect(try match(stranger).name == nil)
  }

  @Test("Without a classifier for the model, nearness decides, and says so")
  func fallsBack() throws {
    let scratch = Scratch()
    let gallery = try Gallery(scratch.file)
    let ada = try entry("Ada", 1)
    try gallery.add([ada])
    var settings = MatchSettings()
    settings.method = .regression
    let identity = try gallery.snapshot().match(
      [ada.encoding], model: model, settings: settings)[0]
    #expect(identity.name == ada.name && identity.method == .nearest && identity.probability == nil)
  }

  @Test("What cannot be trained on is refused with a reason, and training can be ended")
  func refused() throws {
    let scratch = Scratch()
    let gallery = try Gallery(scratch.file)
    #expect(failure { _ = try gallery.train() }?.code == .notFound)
    try gallery.add([try entry("Ada", 1), try entry("Ada", 2), try entry("Bob", 3)])
    #expect(failure { _ = try gallery.train() }?.code == .notFound)
    try gallery.add([try entry("Bob", 4)])
    #expect(failure { _ = try gallery.train { _ in false } }?.code == .cancelled)
    var options = TrainingOptions()
    options.inverseRegularisation = 0
    #expect(failure { _ = try gallery.train(options) }?.code == .badInput)
    options = TrainingOptions()
    options.folds = 1
    #expect(failure { _ = try gallery.train(options) }?.code == .badInput)
    var other = try entry("Eve", 5)
    other = GalleryEntry(name: other.name, model: try ModelName("b"), encoding: other.encoding)
    try gallery.add([other])
    #expect(failure { _ = try gallery.train() }?.code == .badInput)
    #expect(try gallery.snapshot().classifier == nil)
  }
}
