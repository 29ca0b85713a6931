import CPosix
import CV4L2
import Capture
import Foundation
import Frames
import Synchronization

/// A video device whose answers follow a script: most are a sound driver's, some are damaged, some are errors. When the
/// script is over, the device is gone.
@safe
final class ScriptedDevice: DeviceCalls, @unchecked Sendable {
  private struct State {
    var script: ArraySlice<UInt8>
    var isMultiplanar = false
    var format = PixelFormat.yuyv
    var fourCC = "YUYV"
    var size = FrameSize(width: 16, height: 8)
    var planes: [(stride: Int, bytes: Int)] = []
    var queued: [UInt32] = []
    var sequence: UInt32 = 0
    var mapped: [Int: Int] = [:]
    var opened: Set<Int32> = []

    /// 255 once the script is over: that is no damage.
    mutating func next() -> UInt8 { script.popFirst() ?? 255 }
  }

  private let state: Mutex<State>

  /// More is not mapped: a machine's memory has an end, too.
  private static let mappedBytesMax = 1 << 20
  private static let extremes: [UInt32] = [
    0, 1, 2, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_FFFE, 4096, 65_535, 16_384,
  ]
  private static let errors = [EIO, EINVAL, EBUSY, ENODEV, ENOSPC, ENOTTY, EPIPE, EACCES, ENOMEM]
  private static let formats: [(String, PixelFormat, Bool)] = [
    ("YUYV", .yuyv, false), ("NV12", .nv12, false), ("NM12", .nv12, true), ("YU12", .yu12, false),
    ("YM12", .yu12, true), ("MJPG", .mjpeg, false), ("RGB3", .rgb24, false), ("GREY", .grey, false),
    ("NV16", .nv16, true), ("UYVY", .uyvy, false),
  ]

  init(_ script: [UInt8]) {
    var state = State(script: script[...])
    let (fourCC, format, isMultiplanar) = Self.formats[Int(state.next()) % Self.formats.count]
    (state.fourCC, state.format, state.isMultiplanar) = (fourCC, format, isMultiplanar)
    state.size = FrameSize(
      width: Int(state.next()) % 64 + 1, height: Int(state.next()) % 32 + 1)
    let layout = FrameLayout(format: format, size: state.size)
    let rows = (0..<format.planeCount).map { plane in
      (
        stride: layout.strides[plane],
        bytes: layout.strides[plane] * format.rows(plane: plane, height: state.size.height)
      )
    }
    let isApart = isMultiplanar && fourCC.contains("M")
    state.planes =
      format.isCompressed
      ? [(0, 4096)]
      : isApart ? rows : [(rows[0].stride, rows.reduce(0) { $0 + $1.bytes })]
    self.state = Mutex(state)
  }

  /// What is asked of it: all, or little.
  var request: DeviceRequest {
    var request = DeviceRequest(device: "/dev/fuzz")
    let (format, size) = state.withLock { ($0.format, $0.size) }
    if size.width % 2 == 0 {
      request.format = format.rawValue
      request.size = size
      request.rate = 30
      request.controls = [.init(name: "brightness", value: "7"), .init(name: "mode", value: "b")]
    }
    return request
  }

  var mappedCount: Int { state.withLock { $0.mapped.count } }
  var openCount: Int { state.withLock { $0.opened.count } }

  // MARK: DeviceCalls

  func open(_ path: String) -> Result<Int32, Capture.Errno> {
    // Always ready to be read.
    let descriptor = vp_eventfd()
    var one: UInt64 = 1
    _ = unsafe write(descriptor, &one, 8)
    state.withLock { _ = $0.opened.insert(descriptor) }
    return .success(descriptor)
  }

  func close(_ fd: Int32) {
    state.withLock { _ = $0.opened.remove(fd) }
    _ = Foundation.close(fd)
  }

  func map(_ fd: Int32, length: Int, offset: Int) -> Result<UnsafeMutableRawPointer, Capture.Errno>
  {
    guard length > 0 else { return unsafe .failure(Capture.Errno(EINVAL)) }
    guard length <= Self.mappedBytesMax, state.withLock({ $0.next() >= 4 }),
      let memory = unsafe calloc(1, length)
    else { return unsafe .failure(Capture.Errno(ENOMEM)) }
    let address = Int(bitPattern: memory)
    state.withLock { $0.mapped[address] = length }
    return unsafe .success(memory)
  }

  func unmap(_ start: UnsafeMutableRawPointer, length: Int) {
    let known = state.withLock { $0.mapped.removeValue(forKey: Int(bitPattern: start)) }
    precondition(known == length, "unmapped twice, or by another length")
    unsafe free(start)
  }

  func ioctl(_ fd: Int32, _ request: UInt, _ argument: UnsafeMutableRawPointer) -> Int32 {
    state.withLock { state in
      if request == VP_DQBUF, state.script.isEmpty { return ENODEV }
      let turn = state.next()
      if turn < 12 { return Self.errors[Int(turn) % Self.errors.count] }
      let failure = unsafe Self.answer(&state, request, argument)
      if turn < 96 { unsafe Self.damage(&state, request, argument, times: Int(turn) % 3 + 1) }
      return failure
    }
  }

  /// Writes extremes over words of the answer, but not over the caller's pointer.
  private static func damage(
    _ state: inout State, _ request: UInt, _ argument: UnsafeMutableRawPointer, times: Int
  ) {
    let isBuffer = [VP_QUERYBUF, VP_QBUF, VP_DQBUF].contains(request)
    let buffer = unsafe argument.assumingMemoryBound(to: v4l2_buffer.self)
    let planes = unsafe isBuffer && state.isMultiplanar ? buffer.pointee.m.planes : nil
    // The size of the argument is in the request's number.
    let words = Int(request >> 16 & 0x3FFF) / 4
    for _ in 0..<times {
      let place = (Int(state.next()) << 8 | Int(state.next()))
      let value = extremes[Int(state.next()) % extremes.count]
      if let planes = unsafe planes, place % 2 == 0 {
        let bytes = UnsafeMutableRawPointer(planes)
        let count = state.planes.count * MemoryLayout<v4l2_plane>.size / 4
        unsafe bytes.storeBytes(of: value, toByteOffset: place / 2 % count * 4, as: UInt32.self)
      } else if words > 0 {
        unsafe argument.storeBytes(of: value, toByteOffset: place % words * 4, as: UInt32.self)
      }
    }
    if let planes = unsafe planes { unsafe buffer.pointee.m.planes = planes }
  }

  private static func code(_ text: String) -> UInt32 {
    text.utf8.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// A sound driver's.
  private static func answer(
    _ state: inout State, _ request: UInt, _ argument: UnsafeMutableRawPointer
  ) -> Int32 {
    switch request {
    case VP_QUERYCAP:
      let out = unsafe argument.assumingMemoryBound(to: v4l2_capability.self)
      unsafe out.pointee.capabilities =
        VP_CAP_STREAMING | (state.isMultiplanar ? VP_CAP_CAPTURE_MPLANE : VP_CAP_CAPTURE)
      return 0
    case VP_ENUM_FMT:
      let out = unsafe argument.assumingMemoryBound(to: v4l2_fmtdesc.self)
      guard unsafe out.pointee.index == 0 else { return EINVAL }
      unsafe out.pointee.pixelformat = code(state.fourCC)
      return 0
    case VP_ENUM_FRAMESIZES:
      let out = unsafe argument.assumingMemoryBound(to: v4l2_frmsizeenum.self)
      guard unsafe out.pointee.index < 2 else { return EINVAL }
      unsafe out.pointee.type = V4L2_FRMSIZE_TYPE_DISCRETE.rawValue
      unsafe out.pointee.discrete.width = UInt32(state.size.width)
      unsafe out.pointee.discrete.height = UInt32(state.size.height)
      return 0
    case VP_ENUM_FRAMEINTERVALS:
      let out = unsafe argument.assumingMemoryBound(to: v4l2_frmivalenum.self)
      guard unsafe out.pointee.index == 0 else { return EINVAL }
      unsafe out.pointee.type = V4L2_FRMIVAL_TYPE_DISCRETE.rawValue
      unsafe out.pointee.discrete.numerator = 1
      unsafe out.pointee.discrete.denominator = 30
      return 0
    case VP_G_FMT, VP_S_FMT:
      unsafe format(state, argument.assumingMemoryBound(to: v4l2_format.self))
      return 0
    case VP_G_PARM, VP_S_PARM:
      let out = unsafe argument.assumingMemoryBound(to: v4l2_streamparm.self)
      unsafe out.pointee.parm.capture.capability = UInt32(V4L2_CAP_TIMEPERFRAME)
      unsafe out.pointee.parm.capture.timeperframe.numerator = 1
      unsafe out.pointee.parm.capture.timeperframe.denominator = 30
      return 0
    case VP_QUERYBUF, VP_QBUF, VP_DQBUF:
      return unsafe buffer(&state, request, argument.assumingMemoryBound(to: v4l2_buffer.self))
    case VP_QUERYCTRL:
      return unsafe control(argument.assumingMemoryBound(to: v4l2_queryctrl.self))
    case VP_REQBUFS, VP_STREAMON, VP_STREAMOFF, VP_QUERYMENU, VP_G_CTRL, VP_S_CTRL: return 0
    default: return ENOTTY
    }
  }

  private static func format(_ state: State, _ out: UnsafeMutablePointer<v4l2_format>) {
    guard state.isMultiplanar else {
      unsafe out.pointee.fmt.pix.pixelformat = code(state.fourCC)
      unsafe out.pointee.fmt.pix.width = UInt32(state.size.width)
      unsafe out.pointee.fmt.pix.height = UInt32(state.size.height)
      unsafe out.pointee.fmt.pix.bytesperline = UInt32(state.planes[0].stride)
      unsafe out.pointee.fmt.pix.sizeimage = UInt32(state.planes[0].bytes)
      return
    }
    unsafe out.pointee.fmt.pix_mp.pixelformat = code(state.fourCC)
    unsafe out.pointee.fmt.pix_mp.width = UInt32(state.size.width)
    unsafe out.pointee.fmt.pix_mp.height = UInt32(state.size.height)
    unsafe out.pointee.fmt.pix_mp.num_planes = UInt8(state.planes.count)
    unsafe withUnsafeMutableBytes(of: &out.pointee.fmt.pix_mp.plane_fmt) { bytes in
      let formats = unsafe bytes.bindMemory(to: v4l2_plane_pix_format.self)
      for (index, plane) in state.planes.enumerated() {
        unsafe formats[index].bytesperline = UInt32(plane.stride)
        unsafe formats[index].sizeimage = UInt32(plane.bytes)
      }
    }
  }

  private static func buffer(
    _ state: inout State, _ request: UInt, _ out: UnsafeMutablePointer<v4l2_buffer>
  ) -> Int32 {
    let planes = unsafe state.isMultiplanar ? out.pointee.m.planes : nil
    if request == VP_QBUF {
      unsafe state.queued.append(out.pointee.index)
      return 0
    }
    if request == VP_DQBUF {
      guard !state.queued.isEmpty else { return EIO }
      unsafe out.pointee.index = state.queued.removeFirst()
      unsafe out.pointee.sequence = state.sequence
      unsafe out.pointee.flags = VP_BUF_FLAG_TIMESTAMP_MONOTONIC
      var now = timespec()
      unsafe clock_gettime(CLOCK_MONOTONIC, &now)
      unsafe out.pointee.timestamp.tv_sec = now.tv_sec
      unsafe out.pointee.timestamp.tv_usec = now.tv_nsec / 1000
      state.sequence &+= 1
    }
    for (index, plane) in state.planes.enumerated() {
      if let planes = unsafe planes {
        unsafe planes[index].length = UInt32(plane.bytes)
        unsafe planes[index].bytesused = UInt32(plane.bytes)
        unsafe planes[index].m.mem_offset = UInt32(index) << 12
      } else {
        unsafe out.pointee.length = UInt32(plane.bytes)
        unsafe out.pointee.bytesused = UInt32(plane.bytes)
        unsafe out.pointee.m.offset = 0
      }
    }
    return 0
  }

  /// `Brightness`, 0 to 255, and `Mode`, a menu of four.
  private static func control(_ query: UnsafeMutablePointer<v4l2_queryctrl>) -> Int32 {
    let base: UInt32 = 0x98_0900
    let asked = unsafe query.pointee.id
    let id = asked & VP_CTRL_FLAG_NEXT != 0 ? max(base, (asked & ~VP_CTRL_FLAG_NEXT) &+ 1) : asked
    guard (base...base + 1).contains(id) else { return EINVAL }
    let isMenu = id > base
    unsafe query.pointee.id = id
    unsafe query.pointee.type =
      isMenu ? V4L2_CTRL_TYPE_MENU.rawValue : V4L2_CTRL_TYPE_INTEGER.rawValue
    unsafe query.pointee.minimum = 0
    unsafe query.pointee.maximum = isMenu ? 3 : 255
    unsafe withUnsafeMutableBytes(of: &query.pointee.name) { bytes in
      unsafe bytes.copyBytes(from: (isMenu ? "Mode" : "Brightness").utf8)
    }
    return 0
  }
}
