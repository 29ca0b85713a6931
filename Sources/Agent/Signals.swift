import Glibc

/// Takes signals in one place: they are blocked in every thread and waited for by the main one.
package struct Signals {
  private var set = sigset_t()

  /// Blocks the signals that the agent answers, in this thread and all that it starts later, and
  /// ignores SIGPIPE.
  package init() {
    unsafe sigemptyset(&set)
    for number in [SIGTERM, SIGINT, SIGUSR1, SIGHUP] { unsafe sigaddset(&set, number) }
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    signal(SIGPIPE, SIG_IGN)
  }

  /// The next signal, or nil where none came in time.
  package mutating func wait(seconds: Double) -> Int32? {
    var timeout = timespec(
      tv_sec: Int(seconds), tv_nsec: Int((seconds - seconds.rounded(.down)) * 1e9))
    let number = unsafe sigtimedwait(&set, nil, &timeout)
    return number > 0 ? number : nil
  }
}
