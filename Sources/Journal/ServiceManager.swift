import CPosix
import Glibc
import Threads

/// Tells systemd how the service is (sd_notify's protocol); without systemd it does nothing. Never
/// blocks.
package struct ServiceManager: Sendable {
  private let socketPath: String?
  /// How often systemd wants to hear from us, in seconds; nil for no watchdog.
  package let watchdogSeconds: Double?

  /// From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
  package init() {
    socketPath = Self.environment("NOTIFY_SOCKET")
    let isOurs = Self.environment("WATCHDOG_PID").map { Int32($0) == getpid() } ?? true
    watchdogSeconds =
      isOurs
      ? Self.environment("WATCHDOG_USEC").flatMap { UInt64($0) }.flatMap {
        // 0 is no watchdog.
        $0 > 0 ? Double($0) / 1e6 : nil
      } : nil
  }

  package func ready() { send("READY=1") }
  /// To be followed by `ready`; systemd tells by the time which reload it was.
  package func reloading() { send("RELOADING=1\nMONOTONIC_USEC=\(Clock.monotonic / 1000)") }
  package func stopping() { send("STOPPING=1") }
  package func alive() { send("WATCHDOG=1") }

  /// One line for `systemctl status`.
  package func status(_ text: @autoclosure () -> String) {
    guard socketPath != nil else { return }
    let line = text().utf8.map { $0 < 0x20 ? 0x20 : $0 }
    send("STATUS=\(String(decoding: line, as: UTF8.self))")
  }

  private func send(_ message: String) {
    guard let socketPath else { return }
    var text = message
    text.withUTF8 { bytes in
      unsafe vp_send_datagram(socketPath, bytes.baseAddress, bytes.count)
    }
  }

  private static func environment(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }
}
