import CPosix
import Glibc
import Synchronization

/// A thread of the system's with a name, for work that blocks: ioctl, encoding, librdkafka. It is
/// started once and joined by its owner, or left to itself; Swift's cooperative pool never sees it.
package final class NamedThread: Sendable {
  /// The kernel keeps 15 bytes of a thread's name.
  private static let nameBytesMax = 15

  private struct Handle: @unchecked Sendable {
    var thread: pthread_t
  }

  private let handle = Mutex<Handle?>(nil)

  /// Starts `body` on a new thread.
  /// - Throws: the errno of pthread_create, e.g. EAGAIN where the system allows no more threads.
  package init(_ name: String, _ body: @escaping @Sendable () -> Void) throws(ThreadError) {
    let start = unsafe Unmanaged.passRetained(Start(name: name, body: body))
    var thread = pthread_t()
    let code = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        let name = String(decoding: start.name.utf8.prefix(NamedThread.nameBytesMax), as: UTF8.self)
        unsafe vp_name_thread(name)
        start.body()
        return nil
      }, start.toOpaque())
    guard code == 0 else {
      unsafe start.release()
      throw ThreadError(name: name, code: code)
    }
    handle.withLock { $0 = Handle(thread: thread) }
  }

  deinit {
    // One that is not waited for frees what it holds by itself.
    if let left = handle.withLock({ $0 }) { pthread_detach(left.thread) }
  }

  /// Waits for the thread's end; later calls return at once. Not to be called on the thread itself.
  package func join() {
    let taken = handle.withLock { handle in
      defer { handle = nil }
      return handle
    }
    if let taken { pthread_join(taken.thread, nil) }
  }

  private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }
}

/// The system gave no thread.
package struct ThreadError: Error, CustomStringConvertible {
  package var name: String
  package var code: Int32

  package var description: String {
    "the thread \(name) could not be started (pthread_create, error \(code)): raise TasksMax or ulimit -u"
  }
}
