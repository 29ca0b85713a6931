import CPosix
import Glibc
import Threads

/// Shows on standard error how far long work is, where that is a terminal and the work takes a while.
final class ProgressBar {
  private let title: String
  private let isShown = isatty(STDERR_FILENO) == 1
  private let start = Clock.monotonic
  private var isDrawn = false

  private static let cells = 30
  private static let patience: UInt64 = 300_000_000

  init(_ title: String) { self.title = title }

  /// - Parameter share: 0…1.
  func show(_ share: Double) {
    guard isShown, Clock.monotonic - start > Self.patience else { return }
    let done = Int((max(0, min(1, share)) * Double(Self.cells)).rounded(.down))
    let bar = String(repeating: "█", count: done) + String(repeating: "░", count: Self.cells - done)
    write("\r\(title) \(bar) \(Int(share * 100)) %")
    isDrawn = true
  }

  func clear() {
    if isDrawn { write("\r\u{1B}[K") }
    isDrawn = false
  }

  private func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = unsafe Glibc.write(STDERR_FILENO, bytes, bytes.count)
  }
}
