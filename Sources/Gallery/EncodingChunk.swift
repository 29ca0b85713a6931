import CMatching
import Glibc

/// Up to 4,096 encodings of one model as a matrix in aligned memory, with whose they are. Filled once,
/// then shared by snapshots and read by many threads: nothing changes after `append` was last called.
@safe
final class EncodingChunk: @unchecked Sendable {
  /// 2 MiB of numbers: one large page, and all that an addition to a large gallery copies.
  static let rowsMax = 4096
  private static let alignment = 64
  private static let largePage = 2 << 20

  let capacity: Int
  private(set) var count = 0
  /// The entries' numbers in the file, ascending.
  private(set) var ids: [Int64] = []
  private(set) var people: [Int32] = []
  private let rows: UnsafeMutablePointer<Float>

  /// - Throws: `.full` where there is no memory.
  init(capacity: Int) throws(GalleryError) {
    self.capacity = min(max(1, capacity), Self.rowsMax)
    let bytes = self.capacity * Encoding.count * MemoryLayout<Float>.stride
    let alignment = bytes == Self.largePage ? Self.largePage : Self.alignment
    guard let memory = unsafe aligned_alloc(alignment, bytes) else {
      throw GalleryError(.full, "there is no memory for \(self.capacity) encodings")
    }
    // Only a hint, and only of use for a whole page.
    if bytes == Self.largePage { unsafe madvise(memory, bytes, MADV_HUGEPAGE) }
    unsafe rows = unsafe memory.bindMemory(to: Float.self, capacity: self.capacity * Encoding.count)
    ids.reserveCapacity(self.capacity)
    people.reserveCapacity(self.capacity)
  }

  deinit { unsafe free(rows) }

  var isFull: Bool { count == capacity }

  /// Takes one more; there must be room, and `numbers` must be 512 bytes.
  func append(id: Int64, person: Int32, numbers: UnsafeRawBufferPointer) {
    precondition(count < capacity && numbers.count == Encoding.count * MemoryLayout<Float>.stride)
    let target = unsafe UnsafeMutableRawPointer(rows + count * Encoding.count)
    if let source = numbers.baseAddress {
      unsafe target.copyMemory(from: source, byteCount: numbers.count)
    }
    ids.append(id)
    people.append(person)
    count += 1
  }

  /// Takes over those rows of another for which `isKept` holds, as far as there is room.
  func append(_ other: EncodingChunk, from first: Int = 0, where isKept: (Int64) -> Bool) {
    for row in first..<other.count where isKept(other.ids[row]) && !isFull {
      append(id: other.ids[row], person: other.people[row], row: row, of: other)
    }
  }

  func append(id: Int64, person: Int32, row: Int, of other: EncodingChunk) {
    let start = unsafe UnsafeRawPointer(other.rows + row * Encoding.count)
    unsafe append(
      id: id, person: person,
      numbers: UnsafeRawBufferPointer(
        start: start, count: Encoding.count * MemoryLayout<Float>.stride))
  }

  func numbers(_ row: Int) -> [Float] {
    unsafe Array(UnsafeBufferPointer(start: rows + row * Encoding.count, count: Encoding.count))
  }

  /// Lowers the pairs of the queries by what is nearer here.
  func lower(_ pairs: inout [vm_pair], queries: [Float], firstRow: Int) {
    unsafe vm_nearest(rows, people, count, Int64(firstRow), queries, pairs.count, &pairs)
  }

  /// The squared distance to this person's nearest row; infinity where there is none.
  func nearest(of person: Int32, to query: [Float]) -> Float {
    unsafe vm_nearest_of(rows, people, count, person, query)
  }

  /// The squared distance of a row, in double precision.
  func squaredDistance(_ row: Int, _ query: ArraySlice<Float>) -> Double {
    var sum = 0.0
    for (column, number) in query.enumerated() {
      let difference = unsafe Double(number) - Double(rows[row * Encoding.count + column])
      sum += difference * difference
    }
    return sum
  }

  /// Reads every row once: what a benchmark compares with.
  var readThrough: UInt64 { unsafe vm_read(rows, count * Encoding.count * 4) }
}
