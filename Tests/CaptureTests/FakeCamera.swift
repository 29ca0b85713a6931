import CPosix
import CV4L2
import Frames
import Glibc
import Meters
import Synchronization

@testable import Capture

/// A camera made of ordinary memory, behind the seam of system calls: it answers as a driver does and
/// fails where a test wants it to.
@safe
final class FakeCamera: DeviceCalls, @unchecked Sendable {
  struct Mode {
    var fourCC: String
    var size: FrameSize
    var rates: [Double]
  }

  struct Buffer {
    var flags: UInt32 = VP_BUF_FLAG_TIMESTAMP_MONOTONIC
    var sequence: UInt32
    /// Nanoseconds; nil for now.
    var time: UInt64?
    /// Told instead of `time`, whatever it is.
    var stamp: timeval?
    /// Per memory plane; data_offset included in none.
    var planes: [[UInt8]]
    var dataOffset = 0
  }

  struct Control {
    var name: String
    var type = V4L2_CTRL_TYPE_INTEGER
    var minimum: Int32 = 0
    var maximum: Int32 = 255
    var value: Int32 = 0
    var flags: UInt32 = 0
    var items: [String] = []
    /// What the camera makes of the value at the start of a stream.
    var atStart: Int32?
    /// What it makes of each value set.
    var clamp: ClosedRange<Int32>?
  }

  struct State {
    var card = "Fake Camera"
    var modes = [
      Mode(fourCC: "YUYV", size: FrameSize(width: 4, height: 2), rates: [30])
    ]
    var current = 0
    var interval: (UInt32, UInt32) = (1, 30)
    var isMultiplanar = false
    /// Bytes per line and size of each memory plane.
    var planes = [(stride: 8, bytes: 16)]
    var quantization: UInt32 = 0
    /// How many buffers it says that it has; nil for as many as were asked for.
    var buffersGiven: UInt32?
    var colorspace: UInt32 = 0
    var encoding: UInt32 = 0
    var controls: [Control] = []
    /// Whether it tells of changes of its source, and how many it has to tell.
    var hasEvents = false
    var events = 0
    /// Paths that may be opened with the capabilities there; nil for any path.
    var nodes: [String: (card: String, capabilities: UInt32)]?
    /// Errnos that calls answer with, until they are taken out.
    var failures: [UInt: Int32] = [:]
    var openFailure: Int32 = 0
    var mapFailure: Int32 = 0

    var pending: [Buffer] = []
    var queued: [Int] = []
    var calls: [UInt] = []
    var openCount = 0
    var openMax = 0
    var opens = 0
    var mapped: [Int: Int] = [:]
    /// Set where the device was opened while memory of it was still mapped.
    var wasOpenedWhileMapped = false
    var memory: [Int: Int] = [:]
    var isStreaming = false
    var writer: Int32 = -1
  }

  let state = Mutex(State())

  init(_ change: (inout State) -> Void = { _ in }) {
    state.withLock { change(&$0) }
  }

  /// Buffers for the next reads; also before the device is opened.
  func feed(_ buffers: [Buffer]) {
    state.withLock { state in
      state.pending += buffers
      if state.isStreaming { Self.announce(state, buffers.count) }
    }
  }

  func feed(_ sequences: ClosedRange<UInt32>) {
    let planes = state.withLock { $0.planes.map { [UInt8](repeating: 7, count: $0.bytes) } }
    feed(sequences.map { Buffer(sequence: $0, planes: planes) })
  }

  /// The source has another size from now on.
  func change(to mode: Mode, planes: [(stride: Int, bytes: Int)]) {
    state.withLock { state in
      state.modes = [mode]
      state.planes = planes
      state.events += 1
      Self.announce(state, 1)
    }
  }

  func fail(_ request: UInt, _ errno: Int32) {
    state.withLock { state in
      state.failures[request] = errno
      // A failing device is readable.
      Self.announce(state, 1)
    }
  }

  func mend() {
    state.withLock { state in
      state.failures = [:]
      state.openFailure = 0
      state.mapFailure = 0
    }
  }

  private static func announce(_ state: State, _ count: Int) {
    guard state.writer >= 0, count > 0 else { return }
    let bytes = [UInt8](repeating: 1, count: count)
    _ = unsafe send(state.writer, bytes, count, Int32(MSG_NOSIGNAL))
  }

  // MARK: DeviceCalls

  func open(_ path: String) -> Result<Int32, Errno> {
    state.withLock { state in
      state.opens += 1
      guard state.openFailure == 0 else { return .failure(Errno(state.openFailure)) }
      if let nodes = state.nodes {
        guard let node = nodes[path] else { return .failure(Errno(ENOENT)) }
        state.card = node.card
      }
      var ends: [Int32] = [-1, -1]
      let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
      guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { return .failure(Errno(errno)) }
      if state.writer >= 0 { _ = Glibc.close(state.writer) }
      state.writer = ends[1]
      state.openCount += 1
      state.openMax = max(state.openMax, state.openCount)
      if !state.mapped.isEmpty { state.wasOpenedWhileMapped = true }
      state.queued = []
      state.isStreaming = false
      if let capabilities = state.nodes?[path]?.capabilities {
        state.memory[Int(ends[0])] = Int(capabilities)
      }
      return .success(ends[0])
    }
  }

  func close(_ fd: Int32) {
    state.withLock { state in
      state.openCount -= 1
      state.memory[Int(fd)] = nil
    }
    _ = Glibc.close(fd)
  }

  func map(_ fd: Int32, length: Int, offset: Int) -> Result<UnsafeMutableRawPointer, Errno> {
    let failure = state.withLock { $0.mapFailure }
    guard failure == 0 else { return unsafe .failure(Errno(failure)) }
    let memory = UnsafeMutableRawPointer.allocate(byteCount: length, alignment: 64)
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: length)
    let address = Int(bitPattern: memory)
    state.withLock { $0.mapped[offset] = address }
    return unsafe .success(memory)
  }

  func unmap(_ start: UnsafeMutableRawPointer, length: Int) {
    let address = Int(bitPattern: start)
    state.withLock { state in
      if let key = state.mapped.first(where: { $0.value == address })?.key {
        state.mapped[key] = nil
      }
    }
    unsafe start.deallocate()
  }

  func ioctl(_ fd: Int32, _ request: UInt, _ argument: UnsafeMutableRawPointer) -> Int32 {
    state.withLock { state in
      state.calls.append(request)
      if let failure = state.failures[request] { return failure }
      switch request {
      case VP_QUERYCAP:
        return unsafe Self.capability(
          state, fd, argument.assumingMemoryBound(to: v4l2_capability.self))
      case VP_ENUM_FMT:
        let entry = unsafe argument.assumingMemoryBound(to: v4l2_fmtdesc.self)
        let codes = state.modes.map(\.fourCC).reduce(into: [String]()) { list, code in
          if !list.contains(code) { list.append(code) }
        }
        guard unsafe Int(entry.pointee.index) < codes.count else { return EINVAL }
        unsafe entry.pointee.pixelformat = FourCC(codes[Int(entry.pointee.index)]).code
        return 0
      case VP_ENUM_FRAMESIZES:
        let entry = unsafe argument.assumingMemoryBound(to: v4l2_frmsizeenum.self)
        let (code, index) = unsafe (entry.pointee.pixel_format, Int(entry.pointee.index))
        let sizes = state.modes.filter { FourCC($0.fourCC).code == code }.map(\.size)
        guard index < sizes.count else { return EINVAL }
        unsafe entry.pointee.type = V4L2_FRMSIZE_TYPE_DISCRETE.rawValue
        unsafe entry.pointee.discrete.width = UInt32(sizes[index].width)
        unsafe entry.pointee.discrete.height = UInt32(sizes[index].height)
        return 0
      case VP_ENUM_FRAMEINTERVALS:
        let entry = unsafe argument.assumingMemoryBound(to: v4l2_frmivalenum.self)
        let wanted = unsafe (entry.pointee.pixel_format, entry.pointee.width, entry.pointee.height)
        let rates =
          state.modes.first {
            FourCC($0.fourCC).code == wanted.0 && $0.size.width == Int(wanted.1)
              && $0.size.height == Int(wanted.2)
          }?.rates ?? []
        guard unsafe Int(entry.pointee.index) < rates.count else { return EINVAL }
        let interval = unsafe Device.interval(of: rates[Int(entry.pointee.index)])
        unsafe entry.pointee.type = V4L2_FRMIVAL_TYPE_DISCRETE.rawValue
        unsafe entry.pointee.discrete.numerator = interval.0
        unsafe entry.pointee.discrete.denominator = interval.1
        return 0
      case VP_G_FMT, VP_S_FMT:
        return unsafe Self.format(
          &state, request == VP_S_FMT, argument.assumingMemoryBound(to: v4l2_format.self))
      case VP_G_PARM, VP_S_PARM:
        let parameters = unsafe argument.assumingMemoryBound(to: v4l2_streamparm.self)
        if request == VP_S_PARM {
          let wanted = unsafe parameters.pointee.parm.capture.timeperframe
          state.interval = (wanted.numerator, wanted.denominator)
        }
        unsafe parameters.pointee.parm.capture.capability = UInt32(V4L2_CAP_TIMEPERFRAME)
        unsafe parameters.pointee.parm.capture.timeperframe.numerator = state.interval.0
        unsafe parameters.pointee.parm.capture.timeperframe.denominator = state.interval.1
        return 0
      case VP_REQBUFS:
        if let count = state.buffersGiven {
          unsafe argument.assumingMemoryBound(to: v4l2_requestbuffers.self).pointee.count = count
        }
        return 0
      case VP_QUERYBUF, VP_QBUF, VP_DQBUF:
        return unsafe Self.buffer(
          &state, fd, request, argument.assumingMemoryBound(to: v4l2_buffer.self))
      case VP_STREAMON:
        state.isStreaming = true
        for index in state.controls.indices {
          if let value = state.controls[index].atStart { state.controls[index].value = value }
        }
        // A device that fails is readable, too.
        Self.announce(state, state.pending.count + (state.failures[VP_DQBUF] == nil ? 0 : 1))
        return 0
      case VP_STREAMOFF:
        state.isStreaming = false
        return 0
      case VP_QUERYCTRL, VP_QUERYMENU, VP_G_CTRL, VP_S_CTRL:
        return unsafe Self.control(&state, request, argument)
      case VP_SUBSCRIBE_EVENT: return state.hasEvents ? 0 : ENOTTY
      case VP_DQEVENT:
        guard state.events > 0 else { return ENOENT }
        state.events -= 1
        unsafe argument.assumingMemoryBound(to: v4l2_event.self).pointee.type =
          VP_EVENT_SOURCE_CHANGE
        return 0
      default: return ENOTTY
      }
    }
  }

  private static func capability(
    _ state: State, _ fd: Int32, _ out: UnsafeMutablePointer<v4l2_capability>
  ) -> Int32 {
    let own =
      state.memory[Int(fd)].map { UInt32($0) }
      ?? (VP_CAP_STREAMING | (state.isMultiplanar ? VP_CAP_CAPTURE_MPLANE : VP_CAP_CAPTURE))
    unsafe out.pointee.capabilities = VP_CAP_DEVICE_CAPS | VP_CAP_CAPTURE | VP_CAP_STREAMING
    unsafe out.pointee.device_caps = own
    unsafe withUnsafeMutableBytes(of: &out.pointee.card) { bytes in
      unsafe bytes.copyBytes(from: state.card.utf8.prefix(31))
    }
    return 0
  }

  private static func format(
    _ state: inout State, _ isSet: Bool, _ out: UnsafeMutablePointer<v4l2_format>
  ) -> Int32 {
    let isMany = state.isMultiplanar
    if isSet {
      let many = unsafe out.pointee.fmt.pix_mp
      let one = unsafe out.pointee.fmt.pix
      let code = isMany ? many.pixelformat : one.pixelformat
      let size = FrameSize(
        width: Int(isMany ? many.width : one.width), height: Int(isMany ? many.height : one.height))
      let same = state.modes.indices.filter { FourCC(state.modes[$0].fourCC).code == code }
      let exact = same.first { state.modes[$0].size == size }
      state.current = exact ?? same.first ?? state.current
    }
    let mode = state.modes[state.current]
    if isMany {
      unsafe out.pointee.fmt.pix_mp.pixelformat = FourCC(mode.fourCC).code
      unsafe out.pointee.fmt.pix_mp.width = UInt32(mode.size.width)
      unsafe out.pointee.fmt.pix_mp.height = UInt32(mode.size.height)
      unsafe out.pointee.fmt.pix_mp.num_planes = UInt8(state.planes.count)
      unsafe out.pointee.fmt.pix_mp.quantization = UInt8(state.quantization)
      unsafe out.pointee.fmt.pix_mp.colorspace = state.colorspace
      unsafe out.pointee.fmt.pix_mp.ycbcr_enc = UInt8(state.encoding)
      unsafe withUnsafeMutableBytes(of: &out.pointee.fmt.pix_mp.plane_fmt) { bytes in
        let formats = unsafe bytes.bindMemory(to: v4l2_plane_pix_format.self)
        for (index, plane) in state.planes.enumerated() {
          unsafe formats[index].bytesperline = UInt32(plane.stride)
          unsafe formats[index].sizeimage = UInt32(plane.bytes)
        }
      }
    } else {
      unsafe out.pointee.fmt.pix.pixelformat = FourCC(mode.fourCC).code
      unsafe out.pointee.fmt.pix.width = UInt32(mode.size.width)
      unsafe out.pointee.fmt.pix.height = UInt32(mode.size.height)
      unsafe out.pointee.fmt.pix.bytesperline = UInt32(state.planes[0].stride)
      unsafe out.pointee.fmt.pix.sizeimage = UInt32(state.planes[0].bytes)
      unsafe out.pointee.fmt.pix.quantization = state.quantization
      unsafe out.pointee.fmt.pix.colorspace = state.colorspace
      unsafe out.pointee.fmt.pix.ycbcr_enc = state.encoding
    }
    return 0
  }

  private static func buffer(
    _ state: inout State, _ fd: Int32, _ request: UInt, _ out: UnsafeMutablePointer<v4l2_buffer>
  ) -> Int32 {
    let planes = unsafe state.isMultiplanar ? out.pointee.m.planes : nil
    switch request {
    case VP_QUERYBUF:
      let index = unsafe Int(out.pointee.index)
      for (plane, format) in state.planes.enumerated() {
        let offset = UInt32(truncatingIfNeeded: (index * 8 + plane) * 4096)
        if let planes = unsafe planes {
          unsafe planes[plane].length = UInt32(format.bytes)
          unsafe planes[plane].m.mem_offset = offset
        } else {
          unsafe out.pointee.length = UInt32(format.bytes)
          unsafe out.pointee.m.offset = offset
        }
      }
      return 0
    case VP_QBUF:
      unsafe state.queued.append(Int(out.pointee.index))
      return 0
    default:
      var byte: UInt8 = 0
      guard let next = state.pending.first, let index = state.queued.first else { return EAGAIN }
      _ = unsafe read(fd, &byte, 1)
      state.pending.removeFirst()
      state.queued.removeFirst()
      unsafe out.pointee.index = UInt32(index)
      unsafe out.pointee.flags = next.flags
      unsafe out.pointee.sequence = next.sequence
      var now = timespec()
      unsafe clock_gettime(CLOCK_MONOTONIC, &now)
      let time = next.time ?? UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
      unsafe out.pointee.timestamp.tv_sec = Int(time / 1_000_000_000)
      unsafe out.pointee.timestamp.tv_usec = Int(time / 1000 % 1_000_000)
      if let stamp = next.stamp { unsafe out.pointee.timestamp = stamp }
      for (plane, bytes) in next.planes.enumerated() {
        guard let address = state.mapped[(index * 8 + plane) * 4096],
          let memory = unsafe UnsafeMutableRawPointer(bitPattern: address)
        else { return EIO }
        unsafe (memory + next.dataOffset).copyMemory(from: bytes, byteCount: bytes.count)
        let used = UInt32(bytes.count + next.dataOffset)
        if let planes = unsafe planes {
          unsafe planes[plane].bytesused = used
          unsafe planes[plane].data_offset = UInt32(next.dataOffset)
        } else {
          unsafe out.pointee.bytesused = used
        }
      }
      return 0
    }
  }

  private static func control(
    _ state: inout State, _ request: UInt, _ argument: UnsafeMutableRawPointer
  ) -> Int32 {
    let base: UInt32 = 0x98_0900
    switch request {
    case VP_QUERYCTRL:
      let query = unsafe argument.assumingMemoryBound(to: v4l2_queryctrl.self)
      let id = unsafe query.pointee.id & ~VP_CTRL_FLAG_NEXT
      let isNext = unsafe query.pointee.id & VP_CTRL_FLAG_NEXT != 0
      let index = isNext ? (id < base ? 0 : Int(id - base) + 1) : Int(id) - Int(base)
      guard state.controls.indices.contains(index) else { return EINVAL }
      let control = state.controls[index]
      unsafe query.pointee.id = base + UInt32(index)
      unsafe query.pointee.type = control.type.rawValue
      unsafe query.pointee.minimum = control.minimum
      unsafe query.pointee.maximum = control.maximum
      unsafe query.pointee.flags = control.flags
      unsafe withUnsafeMutableBytes(of: &query.pointee.name) { bytes in
        unsafe bytes.copyBytes(from: control.name.utf8.prefix(31))
      }
      return 0
    case VP_QUERYMENU:
      let menu = unsafe argument.assumingMemoryBound(to: v4l2_querymenu.self)
      let items = unsafe state.controls[Int(menu.pointee.id - base)].items
      let index = unsafe Int(menu.pointee.index)
      guard items.indices.contains(index), !items[index].isEmpty else { return EINVAL }
      unsafe UnsafeMutableRawBufferPointer(start: argument + 8, count: 32)
        .copyBytes(from: items[index].utf8.prefix(31))
      return 0
    default:
      let value = unsafe argument.assumingMemoryBound(to: v4l2_control.self)
      let index = unsafe Int(value.pointee.id - base)
      guard state.controls.indices.contains(index) else { return EINVAL }
      if request == VP_S_CTRL {
        let wanted = unsafe value.pointee.value
        let clamp = state.controls[index].clamp
        state.controls[index].value =
          clamp.map { min(max(wanted, $0.lowerBound), $0.upperBound) } ?? wanted
      }
      unsafe value.pointee.value = state.controls[index].value
      return 0
    }
  }
}
