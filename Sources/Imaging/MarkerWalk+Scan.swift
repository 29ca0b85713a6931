import CPixelRows

/// Scans: their headers, and the entropy-coded data between one marker and the next.
extension MarkerWalk {
  /// With the standard tables no picture gives as many zero bytes in a row: they decode to one
  /// coefficient of -1 after the other. They are what a lost USB packet leaves, or padding.
  static let zeroRunMax = 64
  /// More runs than this are no picture.
  private static let zeroRunCountMax = 1024

  mutating func readScanHeader() throws(ImagingError) {
    let marker = position - 2
    let body = try segment("SOS", least: 8)
    guard let header,
      isForgiving || quantisation & header.quantisation == header.quantisation
    else {
      throw ImagingError(.corrupt, "picture data comes before the tables that it needs")
    }
    let inScan = unsafe Int(bytes[body.lowerBound])
    guard (1...header.components).contains(inScan), body.count == 4 + 2 * inScan else {
      throw ImagingError(.corrupt, "the JPEG's scan header (SOS) makes no sense")
    }
    if !header.isArithmetic {
      try noteTables(usedBy: body, components: inScan, isProgressive: header.isProgressive)
    }
    isWholeScan = inScan == header.components && !header.isProgressive
    if firstScan == nil { firstScan = marker }
  }

  /// The data of the scan whose header was read last.
  mutating func readScanData() throws(ImagingError) {
    let restarts = try skipCodedData()
    guard let header, isWholeScan else { return }
    if restartInterval == 0 { undeclaredRestarts = restarts }
    if restartInterval > 0, !isForgiving {
      let expected = (header.unitCount + restartInterval - 1) / restartInterval - 1
      guard restarts == expected else {
        throw ImagingError(
          .corrupt, "the picture has \(restarts) restart markers where \(expected) belong")
      }
    }
  }

  /// Goes to the marker that ends the entropy-coded data; returns the restart markers passed.
  private mutating func skipCodedData() throws(ImagingError) -> Int {
    var restarts = 0
    let start = position
    var intervalStart = start
    guard let base = unsafe bytes.assumingMemoryBound(to: UInt8.self).baseAddress else { return 0 }
    while position < count {
      let index =
        if let noted, noted.from == position {
          noted.marker
        } else {
          unsafe position + vp_next_marker(base + position, count - position)
        }
      guard let next = byte(index + 1) else { break }
      switch next {
      case 0xFF: position = index + 1
      case 0xD0...0xD7:
        guard isForgiving || restartInterval > 0 && Int(next & 7) == restarts & 7 else {
          throw ImagingError(.corrupt, "restart markers out of order at byte \(index)")
        }
        guard isForgiving || index > intervalStart else {
          throw ImagingError(.corrupt, "no data between restart markers at byte \(index)")
        }
        restarts += 1
        position = index + 2
        intervalStart = position
      default:
        guard index > start || isForgiving else {
          throw ImagingError(.corrupt, "the JPEG has a scan without data")
        }
        try checkZeroRuns(start..<index)
        position = index
        return restarts
      }
    }
    throw ImagingError(.corrupt, "the JPEG has no end (FF D9): it was cut off")
  }

  /// The forgiving walk only notes them: padding before a marker looks the same.
  private mutating func checkZeroRuns(_ coded: Range<Int>) throws(ImagingError) {
    guard huffmanIsStandard, let header, !header.isProgressive, !header.isArithmetic else { return }
    // Any run of 64 zero bytes holds a whole group of 8 at a multiple of 56 from the start.
    guard let base = unsafe bytes.assumingMemoryBound(to: UInt8.self).baseAddress else { return }
    var index = coded.lowerBound
    while true {
      index =
        unsafe index
        + vp_next_zeros(base + index, coded.upperBound - index, Self.zeroRunMax - 8)
      guard index + 8 <= coded.upperBound else { return }
      var first = index
      var end = index + 8
      while first > coded.lowerBound, byte(first - 1) == 0 { first -= 1 }
      while end < coded.upperBound, byte(end) == 0 { end += 1 }
      if end - first >= Self.zeroRunMax {
        guard isForgiving, zeroRuns.count < Self.zeroRunCountMax else {
          throw ImagingError(
            .corrupt, "\(end - first) zero bytes at byte \(first): part of the picture is missing")
        }
        zeroRuns.append(first - self.start..<end - self.start)
      }
      index = min(max(index, end - 8) + Self.zeroRunMax - 8, coded.upperBound)
    }
  }
}
