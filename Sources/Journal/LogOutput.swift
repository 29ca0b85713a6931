import Glibc
import Synchronization

/// Where log lines go: a descriptor that is never waited for. Whoever reads it may have stopped, as a terminal that was
/// halted or a pipe whose reader hangs; cameras and the shutdown go on all the same. Lines that cannot be written are
/// kept up to a bound and written as soon as they can be; beyond it they are counted, and the count is written in their
/// place. Any thread.
package final class LogOutput: Sendable {
  /// What is kept while nothing can be written.
  static let keptBytesMax = 256 << 10
  /// A pipe that can be written to takes as much at once.
  private static let partBytes = 4096

  /// Of this process.
  package static let standardError = LogOutput(descriptor: STDERR_FILENO)

  private struct State {
    var kept: [[UInt8]] = []
    var keptBytes = 0
    /// Bytes of the first line that are written already.
    var written = 0
    var lost = 0
  }

  private let descriptor: Int32
  private let state = Mutex(State())

  init(descriptor: Int32) { self.descriptor = descriptor }

  /// Lines that were lost and are not told of yet.
  package var lostCount: Int { state.withLock { $0.lost } }

  /// - Parameters:
  ///   - line: with its newline.
  ///   - note: makes the line that tells of so many that were lost.
  func write(_ line: String, note: (Int) -> String) {
    state.withLock { state in
      drain(&state)
      if state.lost > 0, state.kept.isEmpty {
        keep(Array(note(state.lost).utf8), &state)
        state.lost = 0
        drain(&state)
      }
      let bytes = Array(line.utf8)
      if state.keptBytes + bytes.count > Self.keptBytesMax || state.lost > 0 {
        // In order: nothing is kept behind a gap that is not told of.
        state.lost += 1
      } else {
        keep(bytes, &state)
        drain(&state)
      }
    }
  }

  /// Writes what is kept, as far as that goes without waiting.
  package func flush() { state.withLock { drain(&$0) } }

  private func keep(_ line: [UInt8], _ state: inout State) {
    state.kept.append(line)
    state.keptBytes += line.count
  }

  private func drain(_ state: inout State) {
    var done = 0
    defer { state.kept.removeFirst(done) }
    while done < state.kept.count {
      let line = state.kept[done]
      let count = put(line[state.written...])
      guard count > 0 else {
        // A log that cannot be written at all must not fill the memory.
        if count < 0 { (done, state.keptBytes, state.written) = (state.kept.count, 0, 0) }
        return
      }
      state.written += count
      if state.written == line.count {
        state.keptBytes -= line.count
        state.written = 0
        done += 1
      }
    }
  }

  /// - Returns: how many bytes were written; 0 where it would have to be waited for, -1 where it cannot be at all.
  private func put(_ bytes: ArraySlice<UInt8>) -> Int {
    unsafe bytes.prefix(Self.partBytes).withUnsafeBytes { bytes in
      while true {
        // journald's end is a socket, which can be told not to wait.
        var count = unsafe send(
          descriptor, bytes.baseAddress, bytes.count,
          Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        if count < 0, errno == ENOTSOCK {
          var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          guard unsafe poll(&polled, 1, 0) > 0 else { return 0 }
          count = unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        }
        if count >= 0 { return count }
        if errno == EAGAIN || errno == ENOBUFS { return 0 }
        guard errno == EINTR else { return -1 }
      }
    }
  }
}
