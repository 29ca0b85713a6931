import CV4L2
import Frames
import Glibc
import Synchronization

/// The driver's buffers, mapped into memory. Frames lend from it and give back on any thread; it lives
/// as long as the last of them, and unmaps then.
@safe
final class MappedBuffers: FrameOwner, @unchecked Sendable {
  /// One memory plane of a buffer.
  @unsafe
  struct Mapping {
    var start: UnsafeMutableRawPointer
    var length: Int
  }

  /// More are not mapped, whatever a driver says that it has: the kernel's own bound is 64.
  private static let countMax = 64

  private struct State {
    /// -1 once streaming has ended: buffers are then no longer given back.
    var fd: Int32
  }

  private let calls: any DeviceCalls
  private let bufferType: UInt32
  private let isMultiplanar: Bool
  private let memoryPlanes: Int
  /// Those of one buffer after the other.
  private let mappings: [Mapping]
  private let state: Mutex<State>

  /// Asks the driver for buffers and maps them.
  init(_ device: Device, count: Int, memoryPlanes: Int) throws(CaptureError) {
    calls = device.calls
    bufferType = device.bufferType
    isMultiplanar = device.isMultiplanar
    self.memoryPlanes = memoryPlanes
    state = Mutex(State(fd: device.fd))
    var request = v4l2_requestbuffers()
    request.count = UInt32(count)
    request.type = bufferType
    request.memory = V4L2_MEMORY_MMAP.rawValue
    let failure = device.control(VP_REQBUFS, &request)
    guard failure == 0 else {
      let hint = failure == EBUSY ? Holders.sentence(of: device.path) : ""
      throw CaptureError(
        CaptureError.code(failure, otherwise: .failed), call: "VIDIOC_REQBUFS", errno: failure,
        failure == EBUSY
          ? "\(device.path) is streaming already\(hint)"
          : "\(device.path) gives no \(count) buffers")
    }
    guard request.count >= 1 else {
      throw CaptureError(.failed, "\(device.path) gives no buffers; is its memory used up?")
    }
    var mapped: [Mapping] = unsafe []
    do {
      for index in 0..<min(Int(request.count), Self.countMax) {
        try unsafe Self.map(device, index, memoryPlanes, onto: &mapped)
      }
    } catch {
      unsafe mapped.forEach { unsafe device.calls.unmap($0.start, length: $0.length) }
      throw error
    }
    unsafe mappings = unsafe mapped
  }

  deinit {
    unsafe mappings.forEach { unsafe calls.unmap($0.start, length: $0.length) }
  }

  /// How many there are.
  var count: Int { unsafe mappings.count / memoryPlanes }

  /// Where a memory plane of a buffer begins.
  func start(of index: Int, plane: Int) -> UnsafeMutableRawPointer {
    unsafe mappings[index * memoryPlanes + plane].start
  }

  private static func map(
    _ device: Device, _ index: Int, _ memoryPlanes: Int, onto mapped: inout [Mapping]
  ) throws(CaptureError) {
    var planes = [v4l2_plane](repeating: v4l2_plane(), count: Int(VIDEO_MAX_PLANES))
    var buffer = unsafe v4l2_buffer()
    unsafe buffer.index = UInt32(index)
    unsafe buffer.type = device.bufferType
    unsafe buffer.memory = V4L2_MEMORY_MMAP.rawValue
    let failure = unsafe exchange(
      device.calls, device.fd, VP_QUERYBUF, &buffer, device.isMultiplanar, &planes)
    guard failure == 0 else {
      throw CaptureError(
        CaptureError.code(failure, otherwise: .failed), call: "VIDIOC_QUERYBUF", errno: failure,
        "\(device.path) does not tell its buffers")
    }
    for plane in 0..<memoryPlanes {
      let (length, offset) =
        unsafe device.isMultiplanar
        ? (Int(planes[plane].length), Int(planes[plane].m.mem_offset))
        : (Int(buffer.length), Int(buffer.m.offset))
      switch unsafe device.calls.map(device.fd, length: length, offset: offset) {
      case .success(let start): unsafe mapped.append(Mapping(start: start, length: length))
      case .failure(let error):
        throw CaptureError(
          CaptureError.code(error.code, otherwise: .failed), call: "mmap", errno: error.code,
          "a buffer of \(device.path) cannot be mapped")
      }
    }
  }

  /// Calls the driver with `buffer`, and with `planes` where the device has several.
  private static func exchange(
    _ calls: any DeviceCalls, _ fd: Int32, _ request: UInt, _ buffer: inout v4l2_buffer,
    _ isMultiplanar: Bool, _ planes: inout [v4l2_plane]
  ) -> Int32 {
    guard isMultiplanar else { return unsafe calls.ioctl(fd, request, &buffer) }
    return unsafe planes.withUnsafeMutableBufferPointer { planes in
      unsafe buffer.length = UInt32(planes.count)
      unsafe buffer.m.planes = planes.baseAddress
      return unsafe calls.ioctl(fd, request, &buffer)
    }
  }

  /// The same for a buffer of ours; without an allocation where the device has one plane.
  private func exchange(
    _ fd: Int32, _ request: UInt, _ buffer: inout v4l2_buffer, _ planes: inout [v4l2_plane]
  ) -> Int32 {
    unsafe buffer.type = bufferType
    unsafe buffer.memory = V4L2_MEMORY_MMAP.rawValue
    if isMultiplanar { planes = Array(repeating: v4l2_plane(), count: Int(VIDEO_MAX_PLANES)) }
    return unsafe Self.exchange(calls, fd, request, &buffer, isMultiplanar, &planes)
  }

  /// Gives a buffer to the driver to be filled.
  func queue(_ index: Int) -> Int32 {
    state.withLock { state in
      guard state.fd >= 0 else { return 0 }
      var planes: [v4l2_plane] = []
      var buffer = unsafe v4l2_buffer()
      unsafe buffer.index = UInt32(index)
      return unsafe exchange(state.fd, VP_QBUF, &buffer, &planes)
    }
  }

  func release(buffer index: Int) { _ = queue(index) }

  /// A filled buffer.
  struct Filled {
    var index: Int
    var flags: UInt32
    var sequence: UInt32
    /// Nanoseconds of the driver's clock.
    var timestamp: UInt64
    /// What was filled of the first memory plane, and of the others where the device has several.
    var first: Part
    var others: [Part] = []
  }

  /// What was filled of a memory plane, in bytes.
  struct Part {
    var offset: Int
    var count: Int
  }

  /// Takes the next filled buffer from the driver.
  /// - Throws: what the driver says.
  func dequeue() throws(Errno) -> Filled {
    try state.withLock { state throws(Errno) in
      guard state.fd >= 0 else { throw Errno(EBADF) }
      var planes: [v4l2_plane] = []
      var buffer = unsafe v4l2_buffer()
      let failure = unsafe exchange(state.fd, VP_DQBUF, &buffer, &planes)
      guard failure == 0 else { throw Errno(failure) }
      let index = unsafe Int(buffer.index)
      guard index < count else { throw Errno(EIO) }
      var filled = unsafe Filled(
        index: index, flags: buffer.flags, sequence: buffer.sequence,
        timestamp: Self.nanoseconds(buffer.timestamp),
        first: part(buffer.bytesused, from: 0, of: index, 0))
      if isMultiplanar {
        let parts = planes.prefix(memoryPlanes).enumerated().map { plane, used in
          part(used.bytesused, from: used.data_offset, of: index, plane)
        }
        guard let first = parts.first else { throw Errno(EIO) }
        filled.first = first
        filled.others = Array(parts.dropFirst())
      }
      return filled
    }
  }

  /// What a driver says is not trusted beyond what was mapped.
  private func part(_ end: UInt32, from offset: UInt32, of index: Int, _ plane: Int) -> Part {
    let length = unsafe mappings[index * memoryPlanes + plane].length
    let start = min(Int(offset), length)
    return Part(offset: start, count: max(0, min(Int(end), length) - start))
  }

  /// What a driver says may be any number: what is no time that fits becomes one that nobody believes.
  static func nanoseconds(_ time: timeval) -> UInt64 {
    guard let seconds = UInt64(exactly: time.tv_sec), let micros = UInt64(exactly: time.tv_usec)
    else { return .max }
    let (whole, isHuge) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (part, isWild) = micros.multipliedReportingOverflow(by: 1000)
    let (sum, isOver) = whole.addingReportingOverflow(part)
    return isHuge || isWild || isOver ? .max : sum
  }

  /// Ends streaming; frames still out keep their memory, but their buffers go nowhere.
  func stop() {
    state.withLock { state in
      guard state.fd >= 0 else { return }
      var type = Int32(bitPattern: bufferType)
      _ = unsafe calls.ioctl(state.fd, VP_STREAMOFF, &type)
      state.fd = -1
    }
  }
}
