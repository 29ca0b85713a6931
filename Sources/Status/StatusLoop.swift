import NIOCore
import NIOPosix
import Synchronization
import Threads

/// NIO's event loop on a thread of ours. Where the system gives no thread, NIO's own would end the process.
final class StatusLoop: Sendable {
  private final class Handover: Sendable {
    let loop = Mutex<(any EventLoop)?>(nil)
    let signal = EventSignal()
  }

  let eventLoop: any EventLoop

  /// - Throws: where the system gives no thread.
  init() throws(StatusError) {
    let handover = Handover()
    do {
      _ = try NamedThread("status-http") {
        MultiThreadedEventLoopGroup.withCurrentThreadAsEventLoop { loop in
          handover.loop.withLock { $0 = loop }
          handover.signal.set()
        }
      }
    } catch {
      throw StatusError("\(error)")
    }
    while true {
      handover.signal.wait(milliseconds: -1)
      guard let loop = handover.loop.withLock({ $0 }) else { continue }
      eventLoop = loop
      return
    }
  }

  /// Ends all connections and the thread.
  func stop() { try? eventLoop.syncShutdownGracefully() }
}
