import Synchronization

/// Lends byte buffers and takes them back, so that a steady stream of frames allocates nothing.
/// Shared by all threads.
package final class BytePool: Sendable {
  private struct Shelf {
    var free: [Storage] = []
    var freeBytes = 0
  }

  @safe
  fileprivate struct Storage: @unchecked Sendable {
    var base: UnsafeMutableRawPointer
    var capacity: Int

    init(capacity: Int) {
      unsafe base = .allocate(byteCount: capacity, alignment: 64)
      self.capacity = capacity
    }
  }

  /// A buffer may be so many times as large as was asked for.
  private static let wasteMax = 4

  private let shelf = Mutex(Shelf())
  /// Free buffers beyond this many bytes go back to the system.
  private let freeBytesMax: Int

  package init(freeBytesMax: Int = 4 << 20) {
    self.freeBytesMax = freeBytesMax
  }

  deinit {
    shelf.withLock { shelf in
      for storage in shelf.free { unsafe storage.base.deallocate() }
    }
  }

  /// The bytes kept for the next takers.
  package var freeByteCount: Int { shelf.withLock { $0.freeBytes } }

  /// A buffer of at least `capacity` bytes, with none in use.
  package func take(capacity: Int) -> PooledBytes {
    let found: Storage? = shelf.withLock { shelf in
      // The last one back is the warmest in cache; sizes differ little from frame to frame. A much larger one
      // would hold memory that nobody counts.
      let most = max(capacity, 4096).multipliedReportingOverflow(by: Self.wasteMax)
      let fitting = capacity...(most.overflow ? .max : most.partialValue)
      guard let index = shelf.free.lastIndex(where: { fitting.contains($0.capacity) }) else {
        return nil
      }
      let storage = shelf.free.remove(at: index)
      shelf.freeBytes -= storage.capacity
      return storage
    }
    let rounded = (max(capacity, 1) + 4095) & ~4095
    return PooledBytes(storage: found ?? Storage(capacity: rounded), pool: self)
  }

  fileprivate func takeBack(_ storage: Storage) {
    let kept = shelf.withLock { shelf in
      guard shelf.freeBytes + storage.capacity <= freeBytesMax else { return false }
      shelf.free.append(storage)
      shelf.freeBytes += storage.capacity
      return true
    }
    if !kept { unsafe storage.base.deallocate() }
  }
}

/// Bytes lent by a `BytePool`; they go back when the last reference goes. Written by one thread before
/// it is shared, only read afterwards.
@safe
package final class PooledBytes: @unchecked Sendable {
  private var storage: BytePool.Storage
  private let pool: BytePool
  /// The bytes in use, from the start.
  package private(set) var count = 0

  fileprivate init(storage: BytePool.Storage, pool: BytePool) {
    self.storage = storage
    self.pool = pool
  }

  deinit { pool.takeBack(storage) }

  package var capacity: Int { storage.capacity }

  /// The bytes in use, at an address that does not change while this object lives.
  package func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe body(UnsafeRawBufferPointer(start: storage.base, count: count))
  }

  /// Appends `bytes`.
  package func append(_ bytes: RawSpan) {
    reserve(bytes.byteCount)
    unsafe bytes.withUnsafeBytes { source in
      guard let base = source.baseAddress else { return }
      unsafe (storage.base + count).copyMemory(from: base, byteCount: source.count)
    }
    count += bytes.byteCount
  }

  /// Makes room for `more` bytes beyond those in use; what is there is kept.
  package func reserve(_ more: Int) {
    guard count + more > storage.capacity else { return }
    let larger = pool.take(capacity: max(count + more, storage.capacity * 2))
    unsafe larger.storage.base.copyMemory(from: storage.base, byteCount: count)
    // The smaller memory goes back to the pool with `larger`.
    (storage, larger.storage) = (larger.storage, storage)
  }

  /// Lets `body` write into the unused bytes and say how many it wrote.
  package func appendUnsafe<Failure: Error>(
    _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
  ) throws(Failure) {
    let unused = unsafe UnsafeMutableRawBufferPointer(
      start: storage.base + count, count: storage.capacity - count)
    let written = try unsafe body(unused)
    precondition(written >= 0 && written <= storage.capacity - count)
    count += written
  }

  package func removeAll() { count = 0 }

  /// Gives up what follows the first `count` bytes.
  package func truncate(to count: Int) { self.count = min(max(count, 0), self.count) }
}

extension PooledBytes {
  /// The bytes in use.
  package func withSpan<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe withUnsafeBytes { bytes throws(Failure) in try body(unsafe bytes.bytes) }
  }
}
