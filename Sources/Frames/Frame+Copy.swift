extension Frame {
  /// A frame in memory of its own, for pictures that come from no driver.
  /// - Parameter planes: the bytes of each plane of `layout`.
  package init(
    copying planes: [[UInt8]], layout: FrameLayout, time: FrameTime, driverSequence: UInt32 = 0
  ) {
    let memory = CopiedPlanes(planes)
    unsafe self.init(
      layout: layout, time: time, driverSequence: driverSequence, planes: memory.planes,
      owner: memory, buffer: 0)
  }
}

@safe
private final class CopiedPlanes: FrameOwner, @unchecked Sendable {
  let planes: [UnsafeRawBufferPointer]

  init(_ bytes: [[UInt8]]) {
    unsafe planes = bytes.map { bytes in
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
      unsafe copy.copyBytes(from: bytes)
      return UnsafeRawBufferPointer(copy)
    }
  }

  deinit {
    unsafe planes.indices.forEach { unsafe planes[$0].deallocate() }
  }

  func release(buffer index: Int) {}
}
