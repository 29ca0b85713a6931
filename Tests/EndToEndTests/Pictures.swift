import Frames
import Imaging

/// Pictures of which each differs.
enum Pictures {
  static func pixels(_ format: PixelFormat, _ size: FrameSize, seed: Int) -> [UInt8] {
    let layout = FrameLayout(format: format, size: size)
    return (0..<layout.packedByteCount).map {
      UInt8(truncatingIfNeeded: $0 / 97 &* 7 &+ seed &* 31)
    }
  }

  static func jpeg(_ size: FrameSize, seed: Int, quality: Int = 80) throws -> [UInt8] {
    try jpeg(pixels(.rgb24, size, seed: seed), size, quality: quality)
  }

  /// - Parameter rgb: its pixels.
  static func jpeg(_ rgb: [UInt8], _ size: FrameSize, quality: Int = 80) throws -> [UInt8] {
    let layout = FrameLayout(format: .rgb24, size: size, range: .full)
    let frame = Frame(copying: [rgb], layout: layout, time: FrameTime(monotonic: 0, wall: 0))
    var options = PictureOptions()
    options.quality = quality
    let picture = try Compressor(options: options, pool: BytePool()).picture(of: frame)
    return unsafe picture.bytes.withUnsafeBytes { unsafe Array($0) }
  }

  /// Writes `count` of them to a folder, to be replayed in their order.
  static func fill(_ folder: Folder, _ count: Int, _ size: FrameSize, quality: Int = 80) throws {
    for seed in 0..<count {
      try folder.write("\(seed).jpg", jpeg(size, seed: seed, quality: quality))
    }
  }

  /// A folder with `count` of them.
  static func folder(_ count: Int, _ size: FrameSize, quality: Int = 80) throws -> Folder {
    let folder = try Folder()
    try fill(folder, count, size, quality: quality)
    return folder
  }

  static func size(of jpeg: [UInt8]) throws -> FrameSize {
    try JPEGDecoder().rgb(of: unsafe jpeg.span.bytes).size
  }

  static func isBlack(_ jpeg: [UInt8]) throws -> Bool {
    let pixels = try JPEGDecoder().rgb(of: unsafe jpeg.span.bytes).1
    return pixels.allSatisfy { $0 < 16 }
  }
}
