import Glibc

/// The tables that picture data needs: DQT and DHT.
extension MarkerWalk {
  mutating func readQuantisationTables() throws(ImagingError) {
    var body = try segment("DQT", least: 2)
    while !body.isEmpty {
      let name = unsafe bytes[body.lowerBound]
      let length = name >> 4 == 0 ? 65 : 129
      guard name >> 4 < 2, name & 15 < 4, length <= body.count else {
        throw ImagingError(.corrupt, "a quantisation table makes no sense")
      }
      quantisation |= 1 << (name & 15)
      body = body.lowerBound + length..<body.upperBound
    }
  }

  mutating func readHuffmanTables() throws(ImagingError) {
    var body = try segment("DHT", least: 2)
    while !body.isEmpty {
      let start = body.lowerBound
      guard body.count >= 17 else {
        throw ImagingError(.corrupt, "a Huffman table was cut off")
      }
      let name = unsafe bytes[start]
      guard name & 0xEC == 0 else {
        throw ImagingError(
          .corrupt, "a Huffman table is called \(name), but there are 0 to 3 and 16 to 19")
      }
      definedTables.insert(name < 16 ? .dc(name) : .ac(name))
      let symbols = unsafe bytes[start + 1..<start + 17].reduce(0) { $0 + Int($1) }
      guard symbols <= 256, 17 + symbols <= body.count else {
        throw ImagingError(.corrupt, "a Huffman table is longer than its segment")
      }
      if huffmanIsStandard, !isStandardTable(start, count: 17 + symbols) {
        huffmanIsStandard = false
      }
      body = start + 17 + symbols..<body.upperBound
    }
  }

  private func isStandardTable(_ start: Int, count: Int) -> Bool {
    guard let base = unsafe bytes.baseAddress else { return false }
    return StandardHuffmanTables.tables.contains { table in
      unsafe table.count == count && memcmp(table, base + start, count) == 0
    }
  }

  /// What is missing is put in before the first scan; for a later one it is as good there, since no
  /// segment between the two defines it.
  mutating func noteTables(
    usedBy body: Range<Int>, components: Int, isProgressive: Bool
  ) throws(ImagingError) {
    // A progressive scan codes DC or AC; those that refine DC are plain bits.
    let isFirstBand = unsafe bytes[body.upperBound - 3] == 0
    let isRefining = unsafe bytes[body.upperBound - 1] >= 16
    let usesDC = !isProgressive || isFirstBand && !isRefining
    let usesAC = !isProgressive || !isFirstBand
    for component in 0..<components {
      let selectors = unsafe bytes[body.lowerBound + 2 + 2 * component]
      let (dc, ac) = (selectors >> 4, selectors & 15)
      var used: HuffmanTableSet = []
      if usesDC { used.insert(.dc(dc)) }
      if usesAC { used.insert(.ac(ac)) }
      let missing = used.subtracting(definedTables)
      guard !usesDC || dc < 4, !usesAC || ac < 4, missing.isSubset(of: .standard) else {
        throw ImagingError(
          .corrupt, "picture data needs a Huffman table that is neither given nor standard")
      }
      missingTables.formUnion(missing)
    }
  }
}
