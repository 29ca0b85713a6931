import Documents
import Gallery

/// Commands whose whole effect is in the transaction that books their answer.
extension ControlDesk {
  func change(
    _ envelope: Envelope, _ order: BoundOrder, _ prepared: Prepared, _ memory: ControlMemory
  ) throws(GalleryError) {
    try commit { edit, inner, results throws(GalleryError) in
      inner.memory.take(memory)
      results.append(ControlResult(number: inner.memory.nextNumber(), envelope, .accepted))
      if let key = prepared.attemptKey { try edit.setState(key, nil) }
      let outcome = try outcome(envelope.issuer, order, prepared, &edit, &inner)
      var result = Self.result(outcome, envelope, inner.memory.nextNumber())
      if result.facts["hash"] == nil, order.scope == .gallery {
        result.facts["hash"] = .string(try edit.hash().description)
      }
      results.append(result)
    }
  }

  private func outcome(
    _ issuer: String, _ order: BoundOrder, _ prepared: Prepared, _ edit: inout GalleryEdit,
    _ inner: inout Inner
  ) throws(GalleryError) -> Result<[String: JSON], CommandFailure> {
    if let failure = prepared.failure { return .failure(failure) }
    switch order.effect {
    case .keys(let change):
      return attempt { () throws(CommandFailure) in
        try change.apply(&inner, options.identity.labels)
      }
    case .gallery(let change):
      let applied = try edit.attempt { edit throws(GalleryError) in
        try change.apply(issuer, prepared.photos, &edit)
      }
      switch applied {
      case .success(let facts): return .success(facts)
      case .failure(let error):
        guard Self.isFinal(error) else { throw error }
        try change.afterRefusal(&edit)
        return .failure(CommandFailure(error.description))
      }
    // These have no transaction of their own.
    case .work, .overlay, .study: return .success([:])
    }
  }

  /// Whether trying again would end alike. What is damaged is not mended by waiting; another command may replace it.
  private static func isFinal(_ error: GalleryError) -> Bool {
    switch error.code {
    case .disk, .denied, .busy, .unknownVersion, .cancelled: false
    case .badInput, .full, .notFound, .stale, .mismatch, .damaged: true
    }
  }
}
