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
    /// Nil once streaming has ended: buffers are then no longer given back.
    var device: Device?
  }

  private let calls: any DeviceCalls
  private let bufferType: UInt32
  private let memoryPlanes: Int
  private(set) var mappings: [[Mapping]] = unsafe []
  private let state: Mutex<State>

  /// Asks the driver for buffers and maps them.
  init(_ device: Device, count: Int, memoryPlanes: Int) throws(CaptureError) {
    calls = device.calls
    bufferType = device.bufferType
    self.memoryPlanes = memoryPlanes
    state = Mutex(State(device: device))
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
    for index in 0..<min(Int(request.count), Self.countMax) {
      unsafe mappings.append(try map(device, index))
    }
  }

  deinit {
    for index in unsafe mappings.indices {
      for plane in unsafe mappings[index].indices {
        unsafe calls.unmap(mappings[index][plane].start, length: mappings[index][plane].length)
      }
    }
  }

  private func map(_ device: Device, _ index: Int) throws(CaptureError) -> [Mapping] {
    var planes = planeArray(device)
    var buffer = unsafe v4l2_buffer()
    let failure = unsafe exchange(device, VP_QUERYBUF, &buffer, &planes, index)
    guard failure == 0 else {
      throw CaptureError(
        CaptureError.code(failure, otherwise: .failed), call: "VIDIOC_QUERYBUF", errno: failure,
        "\(device.path) does not tell its buffers")
    }
    var mapped: [Mapping] = unsafe []
    for plane in 0..<memoryPlanes {
      let (length, offset) =
        unsafe device.isMultiplanar
        ? (Int(planes[plane].length), Int(planes[plane].m.mem_offset))
        : (Int(buffer.length), Int(buffer.m.offset))
      switch unsafe device.calls.map(device.fd, length: length, offset: offset) {
      case .success(let start): unsafe mapped.append(Mapping(start: start, length: length))
      case .failure(let error):
        unsafe mapped.forEach { unsafe calls.unmap($0.start, length: $0.length) }
        throw CaptureError(
          CaptureError.code(error.code, otherwise: .failed), call: "mmap", errno: error.code,
          "a buffer of \(device.path) cannot be mapped")
      }
    }
    return unsafe mapped
  }

  /// Room for what the multiplanar interface tells of each plane; nothing, and no allocation, without it.
  private func planeArray(_ device: Device) -> [v4l2_plane] {
    device.isMultiplanar
      ? [v4l2_plane](repeating: v4l2_plane(), count: Int(VIDEO_MAX_PLANES)) : []
  }

  /// Calls the driver with `buffer`, and with `planes` where the device has several.
  private func exchange(
    _ device: Device, _ request: UInt, _ buffer: inout v4l2_buffer, _ planes: inout [v4l2_plane],
    _ index: Int
  ) -> Int32 {
    unsafe buffer.index = UInt32(index)
    unsafe buffer.type = bufferType
    unsafe buffer.memory = V4L2_MEMORY_MMAP.rawValue
    guard device.isMultiplanar else { return unsafe device.control(request, &buffer) }
    return unsafe planes.withUnsafeMutableBufferPointer { planes in
      unsafe buffer.length = UInt32(planes.count)
      unsafe buffer.m.planes = planes.baseAddress
      return unsafe device.control(request, &buffer)
    }
  }

  /// Gives a buffer to the driver to be filled.
  func queue(_ index: Int) -> Int32 {
    state.withLock { state in
      guard let device = state.device else { return 0 }
      var planes = planeArray(device)
      var buffer = unsafe v4l2_buffer()
      return unsafe exchange(device, VP_QBUF, &buffer, &planes, index)
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
  func dequeue() -> Result<Filled, Errno> {
    state.withLock { state in
      guard let device = state.device else { return .failure(Errno(EBADF)) }
      var planes = planeArray(device)
      var buffer = unsafe v4l2_buffer()
      let failure = unsafe exchange(device, VP_DQBUF, &buffer, &planes, 0)
      guard failure == 0 else { return .failure(Errno(failure)) }
      let index = unsafe Int(buffer.index)
      guard unsafe index < mappings.count else { return .failure(Errno(EIO)) }
      var filled = unsafe Filled(
        index: index, flags: buffer.flags, sequence: buffer.sequence,
        timestamp: Self.nanoseconds(buffer.timestamp),
        first: part(buffer.bytesused, from: 0, of: index, 0))
      if device.isMultiplanar {
        let parts = planes.prefix(memoryPlanes).enumerated().map { plane, used in
          part(used.bytesused, from: used.data_offset, of: index, plane)
        }
        guard let first = parts.first else { return .failure(Errno(EIO)) }
        filled.first = first
        filled.others = Array(parts.dropFirst())
      }
      return .success(filled)
    }
  }

  /// What a driver says is not trusted beyond what was mapped.
  private func part(_ end: UInt32, from offset: UInt32, of index: Int, _ plane: Int) -> Part {
    let length = unsafe mappings[index][plane].length
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
      guard let device = state.device else { return }
      var type = Int32(bitPattern: bufferType)
      _ = device.control(VP_STREAMOFF, &type)
      state.device = nil
    }
  }
}
