import CMatching

extension GallerySnapshot {
  /// So many queries share a pass over memory.
  private static let batchMax = 64

  /// Whose faces these are: exact, every encoding of the model is compared with each.
  /// - Parameter model: what made the queries.
  /// - Returns: one for each query, in their order.
  package func match(
    _ queries: [Encoding], model: ModelName, settings: MatchSettings = MatchSettings()
  ) -> [Identity] {
    var identities: [Identity] = []
    identities.reserveCapacity(queries.count)
    for start in stride(from: 0, to: queries.count, by: Self.batchMax) {
      let batch = queries[start..<min(queries.count, start + Self.batchMax)]
      let pairs = nearest(batch, model)
      for (query, pair) in zip(batch, pairs) {
        var identity = Identity(nearest: pair.best, runnerUp: pair.other, method: .nearest)
        if settings.method == .regression, let classifier, classifier.training.model == model {
          decide(&identity, query, classifier, settings)
        } else if let best = pair.best, best.distance <= settings.threshold,
          (identity.margin ?? .infinity) >= settings.margin
        {
          identity.name = best.name
        }
        identities.append(identity)
      }
    }
    return identities
  }

  private func decide(
    _ identity: inout Identity, _ query: Encoding, _ classifier: Classifier,
    _ settings: MatchSettings
  ) {
    identity.method = .regression
    guard let (name, probability) = classifier.likeliest(query) else { return }
    identity.likeliest = name
    identity.probability = probability
    guard probability >= settings.probability,
      (identity.margin ?? .infinity) >= settings.margin,
      let distance = distance(query, to: name, identity, classifier.training.model),
      distance <= settings.threshold
    else { return }
    identity.name = name
  }

  /// How far the person is; nil for who is gone since the training.
  private func distance(
    _ query: Encoding, to name: PersonName, _ identity: Identity, _ model: ModelName
  ) -> Double? {
    if let nearest = identity.nearest, nearest.name == name { return nearest.distance }
    if let runnerUp = identity.runnerUp, runnerUp.name == name { return runnerUp.distance }
    guard let id = ids[name] else { return nil }
    var least = Float.infinity
    for chunk in sets[model] ?? [] {
      least = min(least, chunk.nearest(of: id, to: query.numbers))
    }
    return least.isFinite ? Double(least).squareRoot() : nil
  }

  private func nearest(
    _ queries: ArraySlice<Encoding>, _ model: ModelName
  ) -> [(best: Identity.Candidate?, other: Identity.Candidate?)] {
    let numbers = queries.flatMap(\.numbers)
    let nobody = vm_candidate(squared: .infinity, person: -1, row: -1)
    var pairs = [vm_pair](
      repeating: vm_pair(best: nobody, other: nobody), count: queries.count)
    let chunks = sets[model] ?? []
    var firstRow = 0
    for chunk in chunks {
      chunk.lower(&pairs, queries: numbers, firstRow: firstRow)
      firstRow += chunk.count
    }
    return pairs.enumerated().map { index, pair in
      let query = numbers[index * Encoding.count..<(index + 1) * Encoding.count]
      let best = candidate(pair.best, query, chunks)
      let other = candidate(pair.other, query, chunks)
      // The kernel's single precision may have taken equals in the wrong order.
      if let best, let other, other.distance < best.distance { return (other, best) }
      return (best, other)
    }
  }

  /// The candidate with its distance in double precision.
  private func candidate(
    _ found: vm_candidate, _ query: ArraySlice<Float>, _ chunks: [EncodingChunk]
  ) -> Identity.Candidate? {
    guard let person = people[found.person] else { return nil }
    var row = Int(found.row)
    for chunk in chunks {
      if row < chunk.count {
        return .init(
          name: person.name, distance: chunk.squaredDistance(row, query).squareRoot())
      }
      row -= chunk.count
    }
    return nil
  }
}
