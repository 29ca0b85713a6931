import CPosix
import Glibc

/// A file that is open; closed when it goes. Calls that a signal interrupts are repeated.
package struct OpenFile: ~Copyable {
  /// To be read at a time.
  private static let pieceBytes = 64 << 10

  package let descriptor: Int32

  /// Opens a regular file for reading. A FIFO would be waited for, and a device may never end: neither is opened.
  package init(_ path: String) throws(FileFault) {
    descriptor = unsafe vp_open_file(path)
    guard descriptor >= 0 else { throw .last }
  }

  /// - Parameters:
  ///   - flags: as for open; it is closed in programs that are started.
  ///   - mode: of a file that is made.
  package init(_ path: String, flags: Int32, mode: UInt32 = 0o644) throws(FileFault) {
    descriptor = unsafe vp_open_mode(path, flags, mode)
    guard descriptor >= 0 else { throw .last }
  }

  /// Another descriptor of what is open already, such as standard output; `descriptor` stays open when this goes.
  package init(copyOf descriptor: Int32) throws(FileFault) {
    self.descriptor = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    guard self.descriptor >= 0 else { throw .last }
  }

  deinit { _ = close(descriptor) }

  /// Reads what comes next into the bytes from `start` on; fewer than there is room for where the file ends, or a pipe has
  /// no more yet.
  /// - Returns: how many; 0 at the end.
  package func read(into bytes: inout [UInt8], from start: Int = 0) throws(FileFault) -> Int {
    guard start < bytes.count else { return 0 }
    while true {
      let count = unsafe bytes.withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress.map { unsafe $0 + start }, $0.count - start)
      }
      if count >= 0 { return count }
      guard errno == EINTR else { throw .last }
    }
  }

  /// Reads on to the end.
  /// - Throws: `EFBIG` where there are more bytes than `bytesMax`.
  package func readAll(bytesMax: Int) throws(FileFault) -> [UInt8] {
    let bytes = try readPrefix(bytesMax: bytesMax + 1)
    guard bytes.count <= bytesMax else { throw FileFault(EFBIG) }
    return bytes
  }

  /// Reads on, for at most so many bytes.
  package func readPrefix(bytesMax: Int) throws(FileFault) -> [UInt8] {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: min(Self.pieceBytes, max(bytesMax, 0)))
    while bytes.count < bytesMax {
      let count = try read(into: &piece)
      if count == 0 { break }
      bytes += piece.prefix(min(count, bytesMax - bytes.count))
    }
    return bytes
  }

  /// Writes all of the bytes.
  package func write(_ bytes: [UInt8]) throws(FileFault) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw count == 0 ? FileFault(ENOSPC) : .last }
      rest = rest.dropFirst(count)
    }
  }

  /// Returns once the disk has what was written.
  package func sync() throws(FileFault) {
    guard fsync(descriptor) == 0 else { throw .last }
  }
}

/// Files that are read whole, in one call.
package enum WholeFile {
  /// - Throws: `EFBIG` where there are more bytes than `bytesMax`, `ENOTSUP` where it is no regular file.
  package static func read(_ path: String, bytesMax: Int) throws(FileFault) -> [UInt8] {
    try OpenFile(path).readAll(bytesMax: bytesMax)
  }

  /// What it begins with, for at most so many bytes.
  package static func beginning(of path: String, bytesMax: Int) throws(FileFault) -> [UInt8] {
    try OpenFile(path).readPrefix(bytesMax: bytesMax)
  }

  /// The first line of a small file, such as those in /proc and /sys, for at most so many bytes; nil where it cannot be
  /// read, or is empty.
  package static func firstLine(of path: String, bytesMax: Int = 4096) -> String? {
    guard let bytes = try? beginning(of: path, bytesMax: bytesMax), !bytes.isEmpty else {
      return nil
    }
    return String(decoding: bytes.prefix { $0 != 10 && $0 != 0 }, as: UTF8.self)
  }
}
