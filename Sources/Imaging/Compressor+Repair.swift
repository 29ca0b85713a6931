import Frames

/// JPEGs that are not plainly good: cut to what belongs to them, given what they lack, and decoded before
/// they are taken.
extension Compressor {
  /// So many beginnings of a picture are looked at in one frame; the first that is whole is taken.
  private static let candidatesMax = 6
  /// A run of zero bytes that may be picture data.
  private static let zeroBytesKept = 8

  /// Where the picture lies in what the camera sent. Only what is not plainly good costs a decoding.
  /// - Parameter expected: the size that the camera was set to.
  func structure(
    of bytes: RawSpan, expected: FrameSize
  ) throws(ImagingError) -> JPEGStructure {
    let plain: JPEGStructure
    do { plain = try JPEGStructure.read(bytes, after: &known) } catch {
      return try recovered(bytes, expected: expected)
    }
    lastSize = plain.size
    return plain
  }

  private func recovered(
    _ bytes: RawSpan, expected: FrameSize
  ) throws(ImagingError) -> JPEGStructure {
    var failure: ImagingError?
    var start = 0
    for _ in 0..<Self.candidatesMax {
      guard let next = JPEGStructure.nextStart(in: bytes, from: start) else { break }
      start = next
      do {
        let found = try JPEGStructure.find(in: bytes, from: start)
        start = found.start
        return try verified(found, in: bytes, expected: expected)
      } catch {
        failure = failure ?? error
      }
      // Where damage led astray, another picture may begin within what was passed over.
      start += 2
    }
    throw failure ?? ImagingError(.corrupt, "no JPEG: there is no FF D8 in it")
  }

  private func verified(
    _ found: JPEGStructure, in bytes: RawSpan, expected: FrameSize
  ) throws(ImagingError) -> JPEGStructure {
    // A thumbnail within damage would be found, too.
    let isAll = found.start == 0 && found.byteCount == bytes.byteCount
    guard isAll || Self.isNear(found.size, expected) || found.size == lastSize else {
      throw ImagingError(
        .corrupt, "within something else there is a picture of \(found.size), not \(expected)")
    }
    let jpeg = bytes.extracting(found.range)
    do {
      try stripped(jpeg, found).withSpan(decoder.check)
      return found
    } catch {
      if let declared = withRestartInterval(found, jpeg) { return declared }
      guard found.zeroRuns.isEmpty else {
        let run = found.zeroRuns[0]
        throw ImagingError(
          .corrupt,
          "\(run.count) zero bytes at byte \(found.start + run.lowerBound): part of the picture is missing"
        )
      }
      throw error
    }
  }

  /// A picture with restart markers that does not say how far they are apart: of the distances that give
  /// as many, the one with which every interval's data is used up.
  private func withRestartInterval(_ found: JPEGStructure, _ jpeg: RawSpan) -> JPEGStructure? {
    for interval in found.possibleIntervals {
      var declared = found
      declared.addedInterval = interval
      let picture = whole(jpeg, declared)
      if (try? picture.withSpan({ jpeg throws(ImagingError) in
        try decoder.check(jpeg, allowsExtraBytes: false)
      })) != nil {
        return declared
      }
    }
    return nil
  }

  /// The JPEG as it came, with the tables that it lacks.
  func whole(_ jpeg: RawSpan, _ structure: JPEGStructure) -> PooledBytes {
    let added = structure.isComplete ? [] : structure.insertion
    let bytes = pool.take(capacity: jpeg.byteCount + added.count)
    bytes.append(jpeg.extracting(0..<structure.scanOffset))
    unsafe bytes.append(added.span.bytes)
    bytes.append(jpeg.extracting(structure.scanOffset..<jpeg.byteCount))
    return bytes
  }

  /// The same without its long runs of zero bytes. With the standard tables they can be decoded, so that
  /// a picture with a hole would pass for whole; padding is not missed.
  private func stripped(_ jpeg: RawSpan, _ structure: JPEGStructure) -> PooledBytes {
    guard !structure.zeroRuns.isEmpty else { return whole(jpeg, structure) }
    let added = structure.insertion
    let bytes = pool.take(capacity: jpeg.byteCount + added.count)
    bytes.append(jpeg.extracting(0..<structure.scanOffset))
    unsafe bytes.append(added.span.bytes)
    var start = structure.scanOffset
    for run in structure.zeroRuns {
      bytes.append(jpeg.extracting(start..<run.lowerBound + Self.zeroBytesKept))
      start = run.upperBound
    }
    bytes.append(jpeg.extracting(start..<jpeg.byteCount))
    return bytes
  }
}
