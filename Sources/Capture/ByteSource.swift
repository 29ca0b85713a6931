import Glibc

/// Bytes that are walked over one by one.
protocol ByteSource {
  var count: Int { get }
  /// - Parameter index: less than `count`.
  func byte(_ index: Int) throws(CaptureError) -> UInt8
}

extension FileBytes: ByteSource {
  func byte(_ index: Int) -> UInt8 { self[index] }
}

/// A file too large to be kept, read a piece at a time. Used by one thread.
final class FileWindow: ByteSource {
  private static let pieceBytes = 1 << 20

  let count: Int
  private let path: String
  private var piece: FileBytes?
  private var range = 0..<0

  init(_ path: String, _ count: Int) {
    self.path = path
    self.count = count
  }

  func byte(_ index: Int) throws(CaptureError) -> UInt8 {
    if let piece, range.contains(index) { return piece[index - range.lowerBound] }
    let end = min(index + Self.pieceBytes, count)
    let read = try FileBytes.read(path, offset: index, count: end - index)
    piece = read
    range = index..<end
    return read[0]
  }
}
