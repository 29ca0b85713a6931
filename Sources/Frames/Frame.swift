/// When a frame was captured, on both clocks.
package struct FrameTime: Equatable, Sendable {
  /// Nanoseconds of CLOCK_MONOTONIC.
  package var monotonic: UInt64
  /// Microseconds since 1970-01-01 UTC.
  package var wall: Int64

  package init(monotonic: UInt64, wall: Int64) {
    self.monotonic = monotonic
    self.wall = wall
  }
}

/// Gives frames their memory and takes it back; called on whichever thread lets the frame go.
package protocol FrameOwner: AnyObject, Sendable {
  /// The buffer `index` is no longer read.
  func release(buffer index: Int)
}

/// One picture with its time and number, in memory that its owner lends for as long as this value
/// lives. It is made by a capture thread and consumed by a pipeline, which may hand it on to another
/// thread; when it goes, the buffer goes back to the driver.
@safe
package struct Frame: ~Copyable, @unchecked Sendable {
  package let layout: FrameLayout
  package let time: FrameTime
  /// The driver's number for the frame since the stream began.
  package let driverSequence: UInt32

  /// Apart from the others: most frames have no more than this one, and cost no array then.
  private let first: UnsafeRawBufferPointer
  private let others: [UnsafeRawBufferPointer]
  private let owner: any FrameOwner
  private let buffer: Int

  /// - Parameters:
  ///   - first: its first plane, valid until `owner` is told that `buffer` is released; a compressed
  ///     frame is one plane of its length in bytes.
  ///   - others: the other planes of the layout's format, as long valid.
  package init(
    layout: FrameLayout, time: FrameTime, driverSequence: UInt32,
    first: UnsafeRawBufferPointer, others: [UnsafeRawBufferPointer] = unsafe [],
    owner: any FrameOwner, buffer: Int
  ) {
    self.layout = layout
    self.time = time
    self.driverSequence = driverSequence
    unsafe self.first = unsafe first
    unsafe self.others = unsafe others
    self.owner = owner
    self.buffer = buffer
  }

  /// - Parameter planes: all planes of the layout's format.
  package init(
    layout: FrameLayout, time: FrameTime, driverSequence: UInt32,
    planes: [UnsafeRawBufferPointer], owner: any FrameOwner, buffer: Int
  ) {
    let none = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    unsafe self.init(
      layout: layout, time: time, driverSequence: driverSequence,
      first: planes.isEmpty ? none : planes[0],
      others: Array(planes.dropFirst()), owner: owner, buffer: buffer)
  }

  deinit { owner.release(buffer: buffer) }

  /// The bytes of `plane`: at least `layout.byteCount(plane:)` of them, or all of a compressed frame.
  package borrowing func withPlane<Result, Failure: Error>(
    _ plane: Int, _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(unsafe (plane == 0 ? first : others[plane - 1]).bytes)
  }

  /// All planes at once, for code that walks them row by row; valid within the call.
  package borrowing func withUnsafePlanes<Result, Failure: Error>(
    _ body: ([UnsafeRawBufferPointer]) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe body([first] + others)
  }

  /// False where a plane is shorter than the layout says: the driver gave part of a picture.
  package var isWhole: Bool {
    if layout.format.isCompressed { return unsafe others.isEmpty && first.count > 0 }
    return unsafe 1 + others.count == layout.format.planeCount
      && first.count >= layout.byteCount(plane: 0)
      && others.enumerated().allSatisfy { $1.count >= layout.byteCount(plane: $0 + 1) }
  }
}
