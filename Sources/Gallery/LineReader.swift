import CPosix
import Glibc
import Paths

/// Reads a file, or standard input, line by line without holding it whole; closed when it goes.
package final class LineReader {
  private static let chunkBytes = 1 << 20

  private let file: OpenFile
  private let path: String
  private var buffer: [UInt8] = []
  private var start = 0
  private var isAtEnd = false
  /// Lines that were handed out.
  package private(set) var lines = 0
  /// Bytes that were read.
  package private(set) var bytesRead = 0
  /// The file's size; nil where it is none.
  package let size: Int?

  /// - Parameter path: `-` is standard input.
  package init(_ path: String) throws(GalleryError) {
    self.path = path
    do throws(FileFault) {
      file = try path == "-" ? OpenFile(copyOf: STDIN_FILENO) : OpenFile(path)
    } catch {
      throw GalleryError(
        error.isDenied ? .denied : error.isMissing ? .notFound : .disk,
        "\(path) cannot be read: \(error)")
    }
    var status = stat()
    let isFile = unsafe fstat(file.descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    size = isFile ? Int(status.st_size) : nil
  }

  /// The next line without its end; nil at the end of the file.
  /// - Throws: `.badInput` where a line is longer than an entry can be.
  package func next() throws(GalleryError) -> ArraySlice<UInt8>? {
    var searched = start
    while true {
      if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        return handOut(upTo: end, next: end + 1)
      }
      if isAtEnd {
        return start < buffer.count ? handOut(upTo: buffer.count, next: buffer.count) : nil
      }
      guard buffer.count - start <= EntryLine.bytesMax else {
        throw GalleryError(
          .badInput, "\(path), line \(lines + 1) is longer than \(EntryLine.bytesMax) bytes")
      }
      searched = buffer.count - start
      buffer.removeSubrange(..<start)
      start = 0
      try fill()
    }
  }

  private func handOut(upTo end: Int, next: Int) -> ArraySlice<UInt8> {
    defer { start = next }
    lines += 1
    return buffer[start..<end]
  }

  private func fill() throws(GalleryError) {
    let held = buffer.count
    buffer.append(contentsOf: repeatElement(0, count: Self.chunkBytes))
    var count = 0
    defer { buffer.removeLast(Self.chunkBytes - count) }
    do throws(FileFault) {
      count = try file.read(into: &buffer, from: held)
    } catch {
      throw GalleryError(.disk, "\(path) cannot be read: \(error)")
    }
    bytesRead += count
    isAtEnd = count == 0
  }
}
