/// How the classifier is trained.
package struct TrainingOptions: Equatable, Sendable {
  package static let foldsMax = 20
  package static let peopleMax = 2000
  package static let samplesMax = 200_000

  /// scikit-learn's C: large is a weak regularisation. With 10, faces of 20 people with 20 to 100
  /// encodings each get probabilities of 0.8 and more, and strangers less than 0.6; with 1 most get less.
  package var inverseRegularisation = 10.0
  /// Parts for cross-validation; 0 leaves it out.
  package var folds = 5
  /// People with fewer encodings are left out, and known by nearness alone.
  package var encodingsMin = 2
  /// Encodings by this model are trained on; nil where the gallery has one model only.
  package var model: ModelName?

  package init() {}
}

extension GallerySnapshot {
  /// Trains on this snapshot, on the calling thread; seconds for 20 people with 100 encodings each. Holds up
  /// nobody. The result depends on the content alone, not on the order in which it came.
  /// - Parameter progress: called often with the part that is done, 0 to 1; false ends the training.
  /// - Throws: `.badInput`, `.notFound`, `.full`, `.cancelled`.
  package func train(
    _ options: TrainingOptions = TrainingOptions(), progress: (Double) -> Bool = { _ in true }
  ) throws(GalleryError) -> Classifier {
    guard options.inverseRegularisation > 0, options.inverseRegularisation <= 1e6 else {
      throw GalleryError(.badInput, "the inverse regularisation is above 0 and at most 1000000")
    }
    guard options.folds == 0 || (2...TrainingOptions.foldsMax).contains(options.folds) else {
      throw GalleryError(
        .badInput, "folds are 0, for none, or 2 to \(TrainingOptions.foldsMax)")
    }
    let model = if let named = options.model { named } else { try onlyModel() }
    let (names, samples) = try trainingSet(model, atLeast: max(1, options.encodingsMin))
    let parts = Double(1 + options.folds)
    var regression = LogisticRegression(
      samples, inverseRegularisation: options.inverseRegularisation)
    let (weights, iterations) = try regression.fit { progress(Self.part($0) / parts) }
    var accuracy: Double?
    if options.folds > 0 {
      accuracy = try Self.crossValidated(samples, options, from: weights) { fold, iteration in
        progress((Double(1 + fold) + Self.part(iteration)) / parts)
      }
    }
    return Classifier(
      training: .init(
        version: version, hash: hash, model: model,
        inverseRegularisation: options.inverseRegularisation, people: names.count,
        samples: samples.count,
        iterations: iterations, folds: options.folds, accuracy: accuracy),
      people: names, weights: weights)
  }

  /// How far it is after so many iterations; nobody knows, but it never goes back.
  private static func part(_ iteration: Int) -> Double { 1 - 1 / (1 + Double(iteration) / 50) }

  private func onlyModel() throws(GalleryError) -> ModelName {
    let models = models
    guard let first = models.first else {
      throw GalleryError(.notFound, "the gallery is empty; add people first")
    }
    guard models.count == 1 else {
      throw GalleryError(
        .badInput,
        "the gallery has encodings by \(models.map(\.text).joined(separator: ", ")); name one of them"
      )
    }
    return first
  }

  /// By name, and a person's by the numbers, so that the order of arrival does not show.
  private func trainingSet(
    _ model: ModelName, atLeast least: Int
  ) throws(GalleryError) -> ([PersonName], LogisticRegression.Samples) {
    var rows: [Int32: [(chunk: EncodingChunk, row: Int)]] = [:]
    for chunk in sets[model] ?? [] {
      for (row, person) in chunk.people.enumerated() {
        rows[person, default: []].append((chunk, row))
      }
    }
    let known = rows.filter { $0.value.count >= least }
    let total = known.values.reduce(0) { $0 + $1.count }
    guard known.count >= 2 else {
      throw GalleryError(
        .notFound, "training needs two people with \(least) encodings each at least")
    }
    guard known.count <= TrainingOptions.peopleMax, total <= TrainingOptions.samplesMax else {
      throw GalleryError(
        .full,
        "training takes \(TrainingOptions.peopleMax) people and \(TrainingOptions.samplesMax) encodings at most; match by the nearest instead"
      )
    }
    let classes = known.keys.compactMap { id in people[id].map { (id, $0.name) } }
      .sorted { $0.1 < $1.1 }
    var samples = LogisticRegression.Samples(classes: classes.count)
    samples.rows.reserveCapacity(total * Encoding.count)
    for (label, (id, _)) in classes.enumerated() {
      let numbers = (known[id] ?? []).map { $0.chunk.numbers($0.row) }
        .sorted { $0.lexicographicallyPrecedes($1) }
      for row in numbers { samples.append(row[...], Int32(label)) }
    }
    return (classes.map(\.1), samples)
  }

  /// Stratified: each person's samples go to the parts in turn.
  private static func crossValidated(
    _ samples: LogisticRegression.Samples, _ options: TrainingOptions, from weights: [Double],
    goesOn: (Int, Int) -> Bool
  ) throws(GalleryError) -> Double {
    var turn = [Int](repeating: 0, count: samples.classes)
    let folds = samples.labels.map { label in
      defer { turn[Int(label)] += 1 }
      // Shifted, so that people with few samples do not all go to the first parts.
      return (turn[Int(label)] + Int(label)) % options.folds
    }
    var right = 0
    for fold in 0..<options.folds {
      var others = LogisticRegression.Samples(classes: samples.classes)
      for index in folds.indices where folds[index] != fold {
        others.append(samples.row(index), samples.labels[index])
      }
      var regression = LogisticRegression(
        others, inverseRegularisation: options.inverseRegularisation)
      let fitted = try regression.fit(from: weights) { goesOn(fold, $0) }
      for index in folds.indices where folds[index] == fold {
        if fitted.weights.likeliestClass(of: samples.row(index), of: samples.classes)
          == Int(samples.labels[index])
        {
          right += 1
        }
      }
    }
    return Double(right) / Double(max(1, samples.count))
  }
}

extension LogisticRegression.Samples {
  func row(_ index: Int) -> ArraySlice<Float> {
    rows[index * Encoding.count..<(index + 1) * Encoding.count]
  }
}

extension [Double] {
  /// The class whose score is the highest.
  fileprivate func likeliestClass(of row: ArraySlice<Float>, of classes: Int) -> Int {
    var best = 0
    var highest = -Double.infinity
    for index in 0..<classes {
      var score = self[classes * Encoding.count + index]
      for (column, number) in row.enumerated() {
        score += self[index * Encoding.count + column] * Double(number)
      }
      if score > highest { (best, highest) = (index, score) }
    }
    return best
  }
}

extension GalleryEdit {
  /// Keeps a classifier, which is used from the end of the transaction; nil takes it away. It stays in use when
  /// the gallery changes, and names nobody who is gone.
  package mutating func setClassifier(_ classifier: Classifier?) throws(GalleryError) {
    try connection.execute("DELETE FROM classifier")
    if let classifier {
      try connection.statement("INSERT INTO classifier(id, body) VALUES (1, ?)")
        .bind(1, classifier.stored).run()
    }
    self.classifier = .some(classifier)
    facts.training += 1
  }
}

extension Gallery {
  /// Trains on the gallery as it is now and keeps what comes of it; others may change the gallery meanwhile.
  package func train(
    _ options: TrainingOptions = TrainingOptions(), progress: (Double) -> Bool = { _ in true }
  ) throws(GalleryError) -> Classifier {
    let classifier = try snapshot().train(options, progress: progress)
    try transaction { edit throws(GalleryError) in try edit.setClassifier(classifier) }
    return classifier
  }
}
