import Gallery
import Synchronization

/// The gallery of the agent, which may not be there yet: opened by whoever needs it first, and the same for all.
final class GalleryHolder: Sendable {
  let path: String
  private let opened = Mutex<Gallery?>(nil)
  /// Held while it is opened, which may take as long as another process keeps the file.
  private let opening = Mutex(())

  init(_ path: String) { self.path = path }

  /// Nil where it is not open. Never waits.
  var current: Gallery? { opened.withLock { $0 } }

  /// Opens the file, unless it is open. It is read into memory later, so that a large one holds nobody up.
  func open() throws(GalleryError) -> Gallery {
    try opening.withLock { _ throws(GalleryError) in
      if let current { return current }
      let made = try Gallery(path, isLoaded: false)
      opened.withLock { $0 = made }
      return made
    }
  }
}

/// How long to wait before the next of several tries that failed: longer each time.
struct Backoff {
  private static let first: Int32 = 1000
  private static let most: Int32 = 30_000
  private var next = Self.first

  /// In milliseconds.
  mutating func take() -> Int32 {
    defer { next = min(Self.most, next * 2) }
    return next
  }
}
