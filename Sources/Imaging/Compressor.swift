import CPixelRows
package import Frames

/// What a camera's pictures are to be like.
package struct PictureOptions: Equatable, Sendable {
  /// JPEG quality 1…100; without effect on a JPEG that is passed through.
  package var quality = 80
  /// `.yuv420` or `.yuv422`; nil for what the source has.
  package var chroma: ChromaSampling?
  /// The published size; nil for the captured one.
  package var scale: FrameSize?
  package var fit = Fit.contain
  /// Burned black, in pixels of the captured picture as it is seen upright.
  package var masks: [Rectangle] = []
  /// Whether the entropy-coded data of JPEGs that are passed through is decoded to check it.
  package var decodesToVerify = false

  package init() {}
}

/// A JPEG to be published.
package struct Picture: Sendable {
  package var bytes: PooledBytes
  package var size: FrameSize
  /// True where the camera's own JPEG was taken as it is.
  package var isPassedThrough = false
  /// True where the camera's JPEG was cut to what belongs to it, or was given tables that it lacked.
  package var isRepaired = false
}

/// Turns captured frames into JPEGs: encodes raw frames, passes sound JPEGs through, and decodes and
/// encodes anew those that must be masked or scaled. Owned by one pipeline, used by one thread at a
/// time; it keeps its memory from frame to frame.
package final class Compressor {
  package let options: PictureOptions
  let pool: BytePool
  let decoder: JPEGDecoder
  private let encoder: JPEGEncoder
  /// Of the last JPEG that was plainly good.
  var lastSize: FrameSize?
  var known = KnownBeginnings()
  private var decoded: PlanarPicture?
  private var turned: PlanarPicture?
  private var scaled: PlanarPicture?

  package init(options: PictureOptions, pool: BytePool) throws(ImagingError) {
    self.options = options
    self.pool = pool
    encoder = try JPEGEncoder(pool: pool)
    decoder = try JPEGDecoder()
  }

  /// The JPEG of `frame`.
  /// - Throws: `.corrupt` where the frame is not a whole picture; nothing of it may then be published.
  ///   A mask that does not lie within the picture is an error too, never a picture without the mask.
  package func picture(of frame: borrowing Frame) throws(ImagingError) -> Picture {
    guard frame.isWhole else {
      throw ImagingError(.corrupt, "the driver gave less than a whole frame")
    }
    let layout = frame.layout
    if layout.format == .mjpeg {
      return try frame.withPlane(0) { jpeg throws(ImagingError) in try picture(ofJPEG: jpeg, layout)
      }
    }
    try checkMasks(within: layout.size)
    let chroma = chroma(for: layout.format.chroma)
    let converter = StripConverter(layout: layout, chroma: chroma, masks: options.masks)
    return try unsafe frame.withUnsafePlanes { planes throws(ImagingError) in
      guard let target = options.scale, target != layout.size else {
        return Picture(
          bytes: try unsafe encoder.encode(converter, planes: planes, quality: options.quality),
          size: layout.size)
      }
      let whole = reuse(&decoded, size: layout.size, chroma: chroma)
      unsafe whole.fill(by: converter, planes: planes)
      return try encode(whole, to: target, chroma: chroma)
    }
  }

  private func picture(
    ofJPEG bytes: RawSpan, _ layout: FrameLayout
  ) throws(ImagingError) -> Picture {
    if let picture = try plain(bytes) { return picture }
    let structure = try structure(of: bytes, expected: layout.size)
    let jpeg = bytes.extracting(structure.range)
    let isRepaired = jpeg.byteCount < bytes.byteCount || !structure.isComplete
    let size = structure.uprightSize
    let isAsWanted = options.scale == nil || options.scale == size
    if isAsWanted, options.masks.isEmpty, structure.orientation == .upright {
      let copy = whole(jpeg, structure)
      if options.decodesToVerify { try copy.withSpan(decoder.check) }
      return Picture(bytes: copy, size: size, isPassedThrough: true, isRepaired: isRepaired)
    }
    let masks = try masks(within: size, expected: structure.orientation.upright(layout.size))
    let picture: PlanarPicture
    if structure.isComplete {
      picture = try decoder.planes(of: jpeg, reusing: decoded)
    } else {
      // Where a JPEG lacks tables, libjpeg takes those of the picture before.
      picture = try whole(jpeg, structure).withSpan { jpeg throws(ImagingError) in
        try decoder.planes(of: jpeg, reusing: decoded)
      }
    }
    decoded = picture
    let upright = picture.turned(by: structure.orientation, reusing: turned)
    if structure.orientation != .upright { turned = upright }
    upright.burn(masks)
    let chroma = chroma(for: upright.chroma ?? .yuv444)
    var made = try encode(upright, to: options.scale ?? size, chroma: chroma)
    made.isRepaired = isRepaired
    return made
  }

  /// A JPEG that is plainly good and wanted as it is; nil for any other. Its end is looked for while it is copied, and all
  /// else in the copy: the driver's memory is read once.
  private func plain(_ bytes: RawSpan) throws(ImagingError) -> Picture? {
    guard options.masks.isEmpty, options.scale == nil else { return nil }
    let copy = pool.take(capacity: bytes.byteCount)
    let noted = copy.append(bytes, markersFrom: known.lastPosition)
    let structure: JPEGStructure
    do {
      structure = try copy.withSpan { copy throws(ImagingError) in
        try JPEGStructure.read(copy, after: &known, noted: noted)
      }
    } catch {
      return nil
    }
    guard structure.isComplete, structure.orientation == .upright else { return nil }
    lastSize = structure.size
    copy.truncate(to: structure.byteCount)
    if options.decodesToVerify { try copy.withSpan(decoder.check) }
    return Picture(
      bytes: copy, size: structure.size, isPassedThrough: true,
      isRepaired: copy.count < bytes.byteCount)
  }

  private func encode(
    _ picture: PlanarPicture, to size: FrameSize, chroma: ChromaSampling
  ) throws(ImagingError) -> Picture {
    var source = picture
    if size != picture.size || chroma != picture.chroma {
      source = reuse(&scaled, size: size, chroma: chroma)
      picture.scale(into: source, fit: options.fit)
    }
    return Picture(
      bytes: try encoder.encode(source, chroma: chroma, quality: options.quality), size: size)
  }

  private func chroma(for source: ChromaSampling) -> ChromaSampling {
    if source == .grey { return .grey }
    return options.chroma ?? (source == .yuv444 ? .yuv422 : source)
  }

  /// The masks for a JPEG of `size`, which may be another than the camera was set to. A mask then covers
  /// its own pixels and the same part of the picture besides: whether the camera shows more or shows it
  /// larger is not known.
  /// - Throws: where a mask does not fit; nothing may then be published.
  private func masks(
    within size: FrameSize, expected: FrameSize
  ) throws(ImagingError) -> [Rectangle] {
    try checkMasks(within: size)
    guard !Self.isNear(size, expected) else { return options.masks }
    try checkMasks(within: expected)
    return options.masks + options.masks.map { $0.scaled(from: expected, to: size) }
  }

  /// Drivers round sizes to whole blocks; more than that is another picture than was negotiated.
  static func isNear(_ size: FrameSize, _ other: FrameSize) -> Bool {
    abs(size.width - other.width) <= 16 && abs(size.height - other.height) <= 16
  }

  private func checkMasks(within size: FrameSize) throws(ImagingError) {
    for mask in options.masks where !mask.lies(within: size) {
      throw ImagingError(
        .unsupported,
        """
        the mask \(mask.width)x\(mask.height)+\(mask.x)+\(mask.y) does not lie within the picture of \
        \(size): nothing is published until masks and size agree
        """)
    }
  }

  private func reuse(
    _ picture: inout PlanarPicture?, size: FrameSize, chroma: ChromaSampling
  ) -> PlanarPicture {
    if let picture, picture.size == size, picture.chroma == chroma { return picture }
    let made = PlanarPicture(size: size, chroma: chroma)
    picture = made
    return made
  }
}

extension PooledBytes {
  /// Appends a JPEG to nothing, and says where its first marker at or behind `from` is.
  fileprivate func append(_ jpeg: RawSpan, markersFrom from: Int) -> MarkerWalk.NotedMarker? {
    reserve(jpeg.byteCount)
    var noted: MarkerWalk.NotedMarker?
    unsafe jpeg.withUnsafeBytes { source in
      unsafe appendUnsafe { target in
        guard let target = unsafe target.baseAddress?.assumingMemoryBound(to: UInt8.self),
          let bytes = unsafe source.baseAddress?.assumingMemoryBound(to: UInt8.self)
        else { return 0 }
        noted = unsafe MarkerWalk.NotedMarker(
          from: from, marker: vp_copy_to_marker(target, bytes, source.count, from))
        return source.count
      }
    }
    return noted
  }
}
