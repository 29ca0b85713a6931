extension ClassStore {
  private static let sampleCount = 1000
  private var dictionaryPath: String { folder + "/dictionary" }

  func loadDictionary() throws(SpoolError) {
    guard spoolClass.isGrouped, Folder.exists(dictionaryPath),
      let file = try? StoreFile.openForReading(dictionaryPath, options.faults),
      let bytes = try? file.read(count: 1 << 20, at: 0)
    else { return }
    try codec.learn(dictionary: bytes, dictionaryPath)
    if !codec.zstandard.dictionary.isEmpty { samples = nil }
  }

  /// Says at the start that a key is missing, so that nothing is taken for damaged that is only locked. The
  /// first and the last segment are enough: keys change in order.
  func verifyKeys() throws(SpoolError) {
    let ends = [state.untouched.first?.lowerBound, state.untouched.last?.upperBound, state.active]
    for number in ends.compactMap({ $0 }) + Array(state.cursors.keys) {
      for file in [path(number), path(number, "open")] where Folder.exists(file) {
        let opened = try StoreFile.openForReading(file, options.faults)
        guard
          let header = SegmentHeader(
            try opened.read(count: SegmentFormat.headerCount, at: 0)),
          header.keyID != 0, codec.keys.cipher(header.keyID) == nil
        else { continue }
        throw BlockCodec.missing(file, header.keyID)
      }
    }
  }

  /// Gathers small records until there are enough to train a dictionary on, once in the store's life.
  func learn() {
    guard spoolClass.isGrouped, samples != nil else { return }
    for entry in group { samples?.append(entry.meta + entry.body) }
    guard let enough = samples, enough.count >= Self.sampleCount else { return }
    samples = nil
    guard let dictionary = Zstandard.train(enough) else { return }
    // It must last before a block needs it.
    do {
      let temporary = dictionaryPath + ".new"
      try Folder.remove(temporary, options.faults)
      let file = try StoreFile.create(temporary, options.faults)
      try file.write(try codec.sealDictionary(dictionary), at: 0)
      try file.sync()
      try Folder.rename(temporary, dictionaryPath, options.faults)
      try Folder.sync(folder, options.faults)
      _ = codec.zstandard.know(dictionary, isCurrent: true)
    } catch {
      notices.append("no dictionary could be kept, so events are compressed without: \(error)")
    }
  }
}
