import Frames
import Imaging

/// Mutated Motion JPEG frames through everything that reads them: passed through, verified, masked, and
/// scaled. Whatever is passed through has its whole structure or was decoded, and whatever libjpeg-turbo
/// decodes without a fault is published with the same pixels.
struct MJPEGFuzz: Fuzzer {
  private static let size = FrameSize(width: 96, height: 64)
  private static let words: [[UInt8]] = [
    [0xFF, 0xD8], [0xFF, 0xD9], [0xFF, 0xDA], [0xFF, 0xC0], [0xFF, 0xC2], [0xFF, 0xC4],
    [0xFF, 0xDB],
    [0xFF, 0xDD, 0, 4, 0, 1], [0xFF, 0xD0], [0xFF, 0xD7], [0xFF, 0x00], [0xFF, 0xFF], [0, 0],
    [0xFF, 0xE1, 0xFF, 0xFF], [0xFF, 0xFE, 0, 2],
  ]

  private var sources: [[UInt8]] = []
  private let compressors: [Compressor]
  private let decoder: JPEGDecoder
  private let greyReader: GreyReader
  private var grey = GreyPicture(size: size)

  init() throws {
    let pool = BytePool()
    for (chroma, quality) in [(ChromaSampling.yuv420, 60), (.yuv422, 90), (.grey, 80)] {
      var options = PictureOptions()
      options.quality = quality
      options.chroma = chroma == .grey ? nil : chroma
      let format = chroma == .grey ? PixelFormat.grey : .yuyv
      let layout = FrameLayout(format: format, size: Self.size)
      let pixels = (0..<layout.packedByteCount).map { UInt8(truncatingIfNeeded: $0 &* $0 / 37) }
      let frame = Frame(copying: [pixels], layout: layout, time: FrameTime(monotonic: 0, wall: 0))
      let jpeg = try Compressor(options: options, pool: pool).picture(of: frame).bytes
      let bytes = unsafe jpeg.withUnsafeBytes { unsafe Array($0) }
      sources.append(bytes)
      // As cameras send it: without Huffman tables, and padded; and without the first of them.
      for count in [Int.max, 1] {
        let bare = Self.withoutHuffmanTables(bytes, count)
        if bare != bytes { sources.append(bare + [0, 0, 0]) }
      }
    }
    var masked = PictureOptions()
    masked.masks = [Rectangle(x: 8, y: 8, width: 33, height: 17)]
    var scaled = PictureOptions()
    scaled.scale = FrameSize(width: 50, height: 50)
    var verified = PictureOptions()
    verified.decodesToVerify = true
    compressors = try [PictureOptions(), masked, scaled, verified].map {
      try Compressor(options: $0, pool: pool)
    }
    decoder = try JPEGDecoder()
    greyReader = try GreyReader()
  }

  private static func withoutHuffmanTables(_ jpeg: [UInt8], _ count: Int) -> [UInt8] {
    var bare = jpeg
    var left = count
    while left > 0, let table = bare.firstRange(of: [0xFF, 0xC4])?.lowerBound,
      table + 3 < bare.count
    {
      let length = Int(bare[table + 2]) << 8 | Int(bare[table + 3])
      bare.removeSubrange(table..<min(bare.count, table + 2 + length))
      left -= 1
    }
    return bare
  }

  func input(_ random: inout SeededGenerator) -> [UInt8] {
    var jpeg = sources.randomElement(using: &random) ?? []
    let other = sources.randomElement(using: &random) ?? []
    // Bit flips seldom reach the few bytes of the picture's size, which memory is asked for by.
    if Int.random(in: 0..<32, using: &random) == 0,
      let header = jpeg.firstRange(of: [0xFF, 0xC0])?.lowerBound, header + 9 <= jpeg.count
    {
      for index in header + 5..<header + 9 { jpeg[index] = .random(in: 0...255, using: &random) }
    }
    jpeg.mutate(&random, with: other, words: Self.words)
    return jpeg
  }

  mutating func run(_ jpeg: [UInt8]) throws -> Bool {
    if let whole = try? JPEGStructure.read(unsafe jpeg.span.bytes),
      whole.byteCount > jpeg.count || whole.scanOffset >= whole.byteCount
    {
      throw BrokenPromise(description: "a structure that reaches beyond its bytes")
    }
    _ = try? decoder.rgb(of: unsafe jpeg.span.bytes)
    let isWhole = !Self.hasHole(jpeg) && (try? decoder.check(unsafe jpeg.span.bytes)) != nil
    let greyOf = try? greyReader.read(jpeg: unsafe jpeg.span.bytes, into: &grey)
    if let greyOf, grey.size != GreyPicture.size(ofFrame: greyOf) {
      throw BrokenPromise(description: "a small picture of another size than its frame's")
    }
    if isWhole, greyOf == nil {
      throw BrokenPromise(description: "libjpeg decodes what is not read as a small picture")
    }
    var isAccepted = false
    for (index, compressor) in compressors.enumerated() {
      let layout = FrameLayout(format: .mjpeg, size: Self.size, range: .full)
      let frame = Frame(copying: [jpeg], layout: layout, time: FrameTime(monotonic: 0, wall: 0))
      let picture: Picture
      do { picture = try compressor.picture(of: frame) } catch {
        guard index == 0, isWhole else { continue }
        throw BrokenPromise(description: "libjpeg decodes what was refused: \(error)")
      }
      if index == 0, isWhole { try compare(picture, with: jpeg) }
      isAccepted = true
      try check(picture)
    }
    return isAccepted
  }

  /// A run of zero bytes that may stand for a lost packet: libjpeg decodes it.
  private static func hasHole(_ jpeg: [UInt8]) -> Bool {
    jpeg.firstRange(of: [UInt8](repeating: 0, count: 64)) != nil
  }

  private func compare(_ picture: Picture, with jpeg: [UInt8]) throws {
    guard let expected = try? decoder.rgb(of: unsafe jpeg.span.bytes) else { return }
    let found = try? picture.bytes.withSpan { bytes throws(ImagingError) in
      try decoder.rgb(of: bytes)
    }
    guard let found, found.size == expected.size, found.pixels == expected.pixels else {
      throw BrokenPromise(description: "what was published is not what libjpeg decodes")
    }
  }

  /// What is passed through has its whole structure, or is decoded cleanly; what was encoded anew can be decoded. (Rubbish that
  /// is decoded and encoded anew may have runs of zero bytes, which `JPEGStructure` takes for a loss.)
  private func check(_ picture: Picture) throws {
    guard picture.isPassedThrough else {
      do { try picture.bytes.withSpan(decoder.check) } catch {
        throw BrokenPromise(description: "an encoded picture cannot be decoded: \(error)")
      }
      return
    }
    let structure = try? picture.bytes.withSpan(JPEGStructure.read)
    if structure == nil, (try? picture.bytes.withSpan(decoder.check)) != nil { return }
    guard let structure, structure.byteCount == picture.bytes.count, structure.hasHuffmanTables
    else { throw BrokenPromise(description: "a picture without structure was passed through") }
  }
}
