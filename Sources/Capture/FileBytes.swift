import CPosix
import Frames
import Glibc

/// The bytes of a picture from a file, shared by the frames that show it.
@safe
final class FileBytes: FrameOwner, @unchecked Sendable {
  private let memory: UnsafeMutableRawBufferPointer

  private init(count: Int) {
    unsafe memory = .allocate(byteCount: count, alignment: 64)
  }

  deinit { unsafe memory.deallocate() }

  func release(buffer index: Int) {}

  var count: Int { unsafe memory.count }

  subscript(_ index: Int) -> UInt8 { unsafe memory[index] }

  /// A frame of these bytes; planes lie one after the other without padding.
  func frame(_ layout: FrameLayout, _ time: FrameTime, _ number: UInt32) -> Frame {
    let planes =
      unsafe layout.format.isCompressed
      ? [UnsafeRawBufferPointer(memory)]
      : layout.contiguousOffsets.map { offset in
        unsafe UnsafeRawBufferPointer(rebasing: memory[min(offset, memory.count)...])
      }
    return unsafe Frame(
      layout: layout, time: time, driverSequence: number, planes: planes, owner: self, buffer: 0)
  }

  /// Reads `count` bytes at `offset`; fewer where the file ends.
  static func read(
    _ path: String, offset: Int = 0, count: Int
  ) throws(CaptureError) -> FileBytes {
    let fd = unsafe vp_open_file(path)
    guard fd >= 0 else {
      throw CaptureError(
        errno == ENOENT ? .absent : .denied, call: "open", errno: errno, "\(path) cannot be opened")
    }
    defer { _ = close(fd) }
    let bytes = FileBytes(count: max(count, 0))
    var done = 0
    while done < count {
      let part = unsafe pread(
        fd, bytes.memory.baseAddress.map { unsafe $0 + done }, count - done, off_t(offset + done))
      if part < 0, errno == EINTR { continue }
      guard part >= 0 else {
        throw CaptureError(.failed, call: "pread", errno: errno, "\(path) cannot be read")
      }
      guard part > 0 else {
        throw CaptureError(.failed, "\(path) became shorter while it was played")
      }
      done += part
    }
    return bytes
  }

  /// A part of these bytes as bytes of their own.
  func part(_ range: Range<Int>) -> FileBytes {
    let copy = FileBytes(count: range.count)
    unsafe copy.memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[range]))
    return copy
  }
}
