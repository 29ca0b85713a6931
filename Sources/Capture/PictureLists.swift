import CPosix
import Frames
import Glibc

/// The pictures that a replay plays, in order. Used by one thread.
protocol PictureList: AnyObject {
  var count: Int { get }
  func picture(_ index: Int) throws(CaptureError) -> FileBytes
  /// What to call a picture in a sentence.
  func name(_ index: Int) -> String
}

/// Opens what a replay's path names.
enum PictureLists {
  static func open(_ request: ReplayRequest) throws(CaptureError) -> any PictureList {
    var status = stat()
    guard unsafe vp_stat(request.path, &status) == 0 else {
      throw CaptureError(
        .absent, call: "stat", errno: errno,
        "\(request.path), which is to be replayed, is not there")
    }
    let isFolder = status.st_mode & S_IFMT == S_IFDIR
    if let format = request.format, format != .mjpeg, let size = request.size {
      guard !isFolder else {
        throw CaptureError(
          .unsuitable, "\(request.path) is a folder; raw frames are played from one file")
      }
      return try RawFile(request.path, Int(status.st_size), format, size)
    }
    if isFolder { return try JPEGFolder(request.path) }
    return try JPEGFile(request.path, Int(status.st_size))
  }
}

/// Raw frames, back to back in one file; each is read when its time comes.
final class RawFile: PictureList {
  let count: Int
  private let path: String
  private let frameBytes: Int

  init(_ path: String, _ size: Int, _ format: PixelFormat, _ picture: FrameSize)
    throws(CaptureError)
  {
    self.path = path
    frameBytes = FrameLayout(format: format, size: picture).packedByteCount
    count = frameBytes > 0 ? size / frameBytes : 0
    guard count > 0, size % frameBytes == 0 else {
      throw CaptureError(
        .unsuitable,
        """
        \(path) has \(size) bytes, which is no whole number of \(format.rawValue) frames of \(picture) \
        (\(frameBytes) bytes each); check replay.format and replay.size
        """)
    }
  }

  func picture(_ index: Int) throws(CaptureError) -> FileBytes {
    try FileBytes.read(path, offset: index * frameBytes, count: frameBytes)
  }

  func name(_ index: Int) -> String { "frame \(index) of \(path)" }
}

/// A folder's JPEGs in the order of their names. Small folders are kept in memory.
final class JPEGFolder: PictureList {
  private static let cachedBytesMax = 64 << 20
  private static let fileBytesMax = 64 << 20

  let count: Int
  private let files: [(path: String, size: Int)]
  private var cache: [Int: FileBytes] = [:]
  private var cachedBytes = 0

  init(_ folder: String) throws(CaptureError) {
    files = Files.names(in: folder).compactMap { name in
      let lower = name.lowercased()
      guard lower.hasSuffix(".jpg") || lower.hasSuffix(".jpeg") else { return nil }
      var status = stat()
      let path = "\(folder)/\(name)"
      guard unsafe vp_stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
        (1...Self.fileBytesMax).contains(Int(status.st_size))
      else { return nil }
      return (path, Int(status.st_size))
    }
    count = files.count
    guard count > 0 else {
      throw CaptureError(.unsuitable, "\(folder) holds no picture; put .jpg files there")
    }
  }

  func picture(_ index: Int) throws(CaptureError) -> FileBytes {
    if let bytes = cache[index] { return bytes }
    let bytes = try FileBytes.read(files[index].path, count: files[index].size)
    if cachedBytes + bytes.count <= Self.cachedBytesMax {
      cache[index] = bytes
      cachedBytes += bytes.count
    }
    return bytes
  }

  func name(_ index: Int) -> String { files[index].path }
}

/// One or more JPEGs back to back in one file. Small files are kept in memory.
final class JPEGFile: PictureList {
  private static let cachedBytesMax = 64 << 20

  private let path: String
  private let bytes: FileBytes?
  private let ranges: [Range<Int>]

  var count: Int { ranges.count }

  init(_ path: String, _ size: Int) throws(CaptureError) {
    guard size > 0 else { throw CaptureError(.unsuitable, "\(path) is empty") }
    self.path = path
    if size <= Self.cachedBytesMax {
      let whole = try FileBytes.read(path, count: size)
      bytes = whole
      ranges = try JPEGFiles.split(whole)
    } else {
      bytes = nil
      ranges = try JPEGFiles.split(FileWindow(path, size))
    }
    guard !ranges.isEmpty else {
      throw CaptureError(
        .unsuitable,
        "\(path) holds no JPEG; give JPEGs back to back, or replay.format and replay.size for raw frames"
      )
    }
  }

  func picture(_ index: Int) throws(CaptureError) -> FileBytes {
    let range = ranges[index]
    if let bytes { return bytes.part(range) }
    return try FileBytes.read(path, offset: range.lowerBound, count: range.count)
  }

  func name(_ index: Int) -> String { "picture \(index) of \(path)" }
}

/// The markers of JPEGs, as far as playing needs them; whether a picture is sound is for Imaging to say.
enum JPEGFiles {
  /// Where a walk over a picture's markers ended.
  private enum End {
    case complete(Int)
    /// Another picture begins before this one has ended.
    case cut(Int)
    case missing
  }

  /// Starts of pictures without an end that are looked at: each may cost a walk over the file.
  private static let missingEndsMax = 64

  /// Where each picture lies, from its SOI to its EOI. Segments are stepped over, so that a thumbnail
  /// within one is not taken for a picture. A picture that is cut off is left out.
  static func split(_ bytes: some ByteSource) throws(CaptureError) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var missing = 0
    var at = 0
    while at + 3 < bytes.count, missing < missingEndsMax {
      guard try bytes.byte(at) == 0xFF, try bytes.byte(at + 1) == 0xD8 else {
        at += 1
        continue
      }
      switch try end(bytes, from: at + 2) {
      case .complete(let end):
        ranges.append(at..<end)
        at = end
      case .cut(let next): at = next
      case .missing:
        missing += 1
        at += 2
      }
    }
    return ranges
  }

  private static func end(_ bytes: some ByteSource, from start: Int) throws(CaptureError) -> End {
    var at = start
    func byte(_ index: Int) throws(CaptureError) -> UInt8 { try bytes.byte(index) }
    while let marker = try nextMarker(&at, bytes.count, byte) {
      switch marker {
      case 0xD9: return .complete(at + 2)
      case 0xD8: return .cut(at)
      default: try passSegment(&at, bytes.count, byte)
      }
    }
    return .missing
  }

  /// Goes to the next marker that begins or ends something; stuffed bytes, fill bytes and restart markers are passed.
  /// - Parameter byte: called with indices below `count`.
  /// - Returns: the marker at `at`; nil where there is none.
  private static func nextMarker<Failure: Error>(
    _ at: inout Int, _ count: Int, _ byte: (Int) throws(Failure) -> UInt8
  ) throws(Failure) -> UInt8? {
    while at + 1 < count {
      guard try byte(at) == 0xFF else {
        at += 1
        continue
      }
      switch try byte(at + 1) {
      case 0xFF: at += 1
      case 0x00, 0x01, 0xD0...0xD7: at += 2
      case let marker: return marker
      }
    }
    return nil
  }

  /// Goes behind the marker at `at` and the segment that it begins; to the end where that is cut off.
  private static func passSegment<Failure: Error>(
    _ at: inout Int, _ count: Int, _ byte: (Int) throws(Failure) -> UInt8
  ) throws(Failure) {
    guard at + 3 < count else {
      at = count
      return
    }
    // A length counts itself.
    at += 2 + max(2, Int(try byte(at + 2)) << 8 | Int(try byte(at + 3)))
  }

  /// Width and height of the first picture's frame header; nil where there is none. What stands before
  /// the picture's last SOI, and between its segments, is passed over: Imaging judges that.
  static func size(of bytes: FileBytes) -> FrameSize? { size(count: bytes.count) { bytes[$0] } }

  /// Of a frame that begins with SOI.
  static func size(of frame: borrowing Frame) -> FrameSize? {
    frame.withPlane(0) { bytes in
      let count = bytes.byteCount
      guard count > 2, unsafe bytes.unsafeLoad(as: UInt8.self) == 0xFF else { return nil }
      return size(count: count) { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
    }
  }

  /// - Parameter byte: called with indices below `count`.
  private static func size(count: Int, _ byte: (Int) -> UInt8) -> FrameSize? {
    var at = 0
    while at + 1 < count, byte(at) != 0xFF || byte(at + 1) != 0xD8 { at += 1 }
    at += 2
    while let marker = nextMarker(&at, count, byte) {
      switch marker {
      case 0xD8: at += 2
      case 0xC0...0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF:
        guard at + 8 < count else { return nil }
        let height = Int(byte(at + 5)) << 8 | Int(byte(at + 6))
        let width = Int(byte(at + 7)) << 8 | Int(byte(at + 8))
        return width > 0 && height > 0 ? FrameSize(width: width, height: height) : nil
      case 0xD9, 0xDA: return nil
      default: passSegment(&at, count, byte)
      }
    }
    return nil
  }
}
