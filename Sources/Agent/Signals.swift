import CPosix
import Glibc

/// Takes signals in one place, whichever thread they come to, and waits for them on the main one.
package struct Signals {
  private let descriptor: Int32

  /// Takes the signals that the agent answers, before any thread of ours is started, and ignores SIGPIPE.
  package init() {
    descriptor = unsafe vp_signal_open([SIGTERM, SIGINT, SIGUSR1, SIGHUP], 4)
    signal(SIGPIPE, SIG_IGN)
  }

  /// The next signal, or nil where none came in time.
  package func wait(seconds: Double) -> Int32? {
    let number = vp_signal_wait(descriptor, Int32(max(0, min(seconds, 3600)) * 1000))
    return number > 0 ? number : nil
  }
}
