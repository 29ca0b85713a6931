import CV4L2
import Glibc

/// An open video device. Owned by its camera's thread; the descriptor is closed when this goes, or
/// before by `close`.
final class Device: @unchecked Sendable {
  let path: String
  let calls: any DeviceCalls
  private(set) var fd: Int32
  let card: String
  let driver: String
  let isMultiplanar: Bool

  /// - Throws: `.absent`, `.denied`, or `.unsuitable` where it is no capture device.
  init(path: String, calls: any DeviceCalls) throws(CaptureError) {
    self.path = path
    self.calls = calls
    let descriptor: Int32
    switch calls.open(path) {
    case .success(let opened): descriptor = opened
    case .failure(let error): throw Self.openError(path, error.code)
    }
    var capability = v4l2_capability()
    let failure = unsafe calls.ioctl(descriptor, VP_QUERYCAP, &capability)
    let all = capability.capabilities
    let own = all & VP_CAP_DEVICE_CAPS != 0 ? capability.device_caps : all
    card = unsafe withUnsafeBytes(of: &capability.card) { unsafe Self.text($0) }
    driver = unsafe withUnsafeBytes(of: &capability.driver) { unsafe Self.text($0) }
    isMultiplanar = own & VP_CAP_CAPTURE == 0 && own & VP_CAP_CAPTURE_MPLANE != 0
    fd = descriptor
    guard failure == 0 else {
      calls.close(descriptor)
      fd = -1
      throw CaptureError(
        CaptureError.code(failure, otherwise: .unsuitable), call: "VIDIOC_QUERYCAP", errno: failure,
        "\(path) is no video device")
    }
    guard own & (VP_CAP_CAPTURE | VP_CAP_CAPTURE_MPLANE) != 0, own & VP_CAP_STREAMING != 0 else {
      calls.close(descriptor)
      fd = -1
      throw CaptureError(
        .unsuitable,
        "\(path) (\(card)) captures no video; many cameras have a second node for that: see `vedette cameras`"
      )
    }
  }

  deinit { close() }

  func close() {
    guard fd >= 0 else { return }
    calls.close(fd)
    fd = -1
  }

  var bufferType: UInt32 {
    isMultiplanar
      ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE.rawValue : V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
  }

  /// The ioctl's errno, 0 where it succeeded.
  func control<Argument>(_ request: UInt, _ argument: inout Argument) -> Int32 {
    guard fd >= 0 else { return EBADF }
    return unsafe withUnsafeMutablePointer(to: &argument) { unsafe calls.ioctl(fd, request, $0) }
  }

  /// Text in a fixed array of C characters.
  static func text(_ bytes: UnsafeRawBufferPointer) -> String {
    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  private static func openError(_ path: String, _ code: Int32) -> CaptureError {
    switch code {
    case ENOENT, ENODEV, ENXIO:
      CaptureError(
        .absent, call: "open", errno: code,
        "\(path) is not there; is the camera plugged in? `vedette cameras` lists what is")
    case EACCES:
      CaptureError(
        .denied, call: "open", errno: code,
        "\(path) may not be opened; add this user to the group `video`")
    case EPERM:
      CaptureError(
        .denied, call: "open", errno: code,
        "\(path) is kept from this service; its unit needs `DeviceAllow=char-video4linux rw`")
    case EBUSY:
      CaptureError(
        .denied, call: "open", errno: code, "\(path) is in use\(Holders.sentence(of: path))")
    default: CaptureError(.failed, call: "open", errno: code, "\(path) cannot be opened")
    }
  }
}
