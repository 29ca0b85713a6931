import CV4L2
import Frames
import Glibc
import Meters

/// What a device agreed to.
struct Negotiated {
  var layout: FrameLayout
  var fourCC: FourCC
  /// Frames per second; 0 where the driver does not say.
  var rate: Double
  /// Memory planes of a buffer: 1, or one for each plane of the format.
  var memoryPlanes: Int
  var setting: StreamSetting {
    StreamSetting(
      format: layout.format.rawValue, width: layout.size.width, height: layout.size.height,
      rate: rate)
  }
}

extension Device {
  /// The formats that the device offers, in its own order.
  func formats() -> [FourCC] {
    var formats: [FourCC] = []
    for index in 0..<UInt32(256) {
      var description = v4l2_fmtdesc()
      description.index = index
      description.type = bufferType
      guard control(VP_ENUM_FMT, &description) == 0 else { break }
      formats.append(FourCC(code: description.pixelformat))
    }
    return formats
  }

  /// What libv4l2 is asked for. Its way from RGB565 to yu12 swaps red and blue; RGB is right from every
  /// format.
  private static let convertedFormat = FourCC("RGB3")

  /// Sets format, size and rate as near to the request as the device can, and reads back what it gave.
  func negotiate(_ request: DeviceRequest, isConverting: Bool) throws(CaptureError) -> Negotiated {
    let fourCC = isConverting ? Self.convertedFormat : try chooseFormat(request)
    var format = unsafe v4l2_format()
    unsafe format.type = bufferType
    var failure = unsafe control(VP_G_FMT, &format)
    guard failure == 0 else {
      throw CaptureError(
        CaptureError.code(failure, otherwise: .unsuitable), call: "VIDIOC_G_FMT", errno: failure,
        "\(path) tells no format")
    }
    unsafe set(fourCC, request.size, in: &format)
    failure = unsafe control(VP_S_FMT, &format)
    guard failure == 0 else {
      if failure == EBUSY {
        throw CaptureError(
          .denied, call: "VIDIOC_S_FMT", errno: failure,
          "\(path) is in use\(Holders.sentence(of: path))")
      }
      throw CaptureError(
        CaptureError.code(failure, otherwise: .unsuitable), call: "VIDIOC_S_FMT", errno: failure,
        "\(path) does not take the format \(fourCC)")
    }
    var negotiated = try unsafe read(format, request, wanted: fourCC)
    negotiated.rate = setRate(request.rate)
    return negotiated
  }

  private func set(_ fourCC: FourCC, _ size: FrameSize?, in format: inout v4l2_format) {
    if isMultiplanar {
      unsafe format.fmt.pix_mp.pixelformat = fourCC.code
      unsafe format.fmt.pix_mp.field = V4L2_FIELD_ANY.rawValue
      // The driver's own strides for the new size, as below.
      _ = unsafe withUnsafeMutableBytes(of: &format.fmt.pix_mp.plane_fmt) { bytes in
        unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0)
      }
      if let size {
        unsafe format.fmt.pix_mp.width = UInt32(size.width)
        unsafe format.fmt.pix_mp.height = UInt32(size.height)
      }
    } else {
      unsafe format.fmt.pix.pixelformat = fourCC.code
      unsafe format.fmt.pix.field = V4L2_FIELD_ANY.rawValue
      unsafe format.fmt.pix.priv = VP_PIX_FMT_PRIV_MAGIC
      // The driver's own stride for the new size.
      unsafe format.fmt.pix.bytesperline = 0
      if let size {
        unsafe format.fmt.pix.width = UInt32(size.width)
        unsafe format.fmt.pix.height = UInt32(size.height)
      }
    }
  }

  /// Bytes from row to row: eight times what the widest row of any format takes.
  private static let strideMax = 1 << 20

  private func read(
    _ format: v4l2_format, _ request: DeviceRequest, wanted: FourCC
  ) throws(CaptureError) -> Negotiated {
    let single = unsafe format.fmt.pix
    var many = unsafe format.fmt.pix_mp
    let given = FourCC(code: isMultiplanar ? many.pixelformat : single.pixelformat)
    guard given == wanted, let pixelFormat = given.pixelFormat else {
      throw CaptureError(.unsuitable, "\(path) was asked for \(wanted) and gives \(given)")
    }
    let size = FrameSize(
      width: Int(isMultiplanar ? many.width : single.width),
      height: Int(isMultiplanar ? many.height : single.height))
    guard (1...16_384).contains(size.width), (1...16_384).contains(size.height) else {
      throw CaptureError(.unsuitable, "\(path) gives an impossible size of \(size)")
    }
    let memoryPlanes = isMultiplanar ? Int(many.num_planes) : 1
    guard memoryPlanes == 1 || memoryPlanes == pixelFormat.planeCount else {
      throw CaptureError(.unsuitable, "\(path) gives \(memoryPlanes) planes for \(given)")
    }
    var strides = [Int(single.bytesperline)]
    if isMultiplanar {
      strides = unsafe withUnsafeBytes(of: &many.plane_fmt) { bytes in
        unsafe bytes.bindMemory(to: v4l2_plane_pix_format.self).prefix(memoryPlanes)
          .map { Int($0.bytesperline) }
      }
    }
    guard let widest = strides.max(), widest <= Self.strideMax else {
      throw CaptureError(
        .unsuitable, "\(path) gives an impossible \(strides.max() ?? 0) bytes for a row of \(size)")
    }
    let colorspace = isMultiplanar ? many.colorspace : single.colorspace
    let isFull = Self.isFullRange(
      pixelFormat, colorspace: colorspace,
      quantization: isMultiplanar ? UInt32(many.quantization) : single.quantization)
    let matrix = Self.matrix(
      pixelFormat, colorspace: colorspace,
      encoding: isMultiplanar ? UInt32(many.ycbcr_enc) : single.ycbcr_enc)
    let layout = FrameLayout(
      format: pixelFormat, size: size, range: request.range ?? (isFull ? .full : .limited),
      matrix: matrix, strides: Self.strides(strides, pixelFormat, size))
    return Negotiated(layout: layout, fourCC: given, rate: 0, memoryPlanes: memoryPlanes)
  }

  /// The strides of all planes, of which a contiguous buffer tells only the first. Drivers that leave
  /// bytesperline at 0 have no padding.
  static func strides(_ given: [Int], _ format: PixelFormat, _ size: FrameSize) -> [Int] {
    (0..<format.planeCount).map { plane in
      let least = format.rowBytes(plane: plane, width: size.width)
      if given.count == format.planeCount { return max(given[plane], least) }
      let first = given.first ?? 0
      // Fully planar chroma has half of luma's stride; interleaved chroma has all of it.
      let isHalf =
        format.rowBytes(plane: plane, width: 2) * 2 == format.rowBytes(plane: 0, width: 2)
      return max(isHalf ? first / 2 : first, least)
    }
  }

  /// V4L2_MAP_QUANTIZATION_DEFAULT of the kernel's headers, where the driver does not say.
  static func isFullRange(_ format: PixelFormat, colorspace: UInt32, quantization: UInt32) -> Bool {
    switch quantization {
    case V4L2_QUANTIZATION_FULL_RANGE.rawValue: true
    case V4L2_QUANTIZATION_LIM_RANGE.rawValue: false
    default: format.usualRange == .full || colorspace == V4L2_COLORSPACE_JPEG.rawValue
    }
  }

  /// V4L2_MAP_YCBCR_ENC_DEFAULT of the kernel's headers, where the driver does not say. What is neither
  /// BT.601 nor BT.709 is rare, and taken for BT.601.
  static func matrix(_ format: PixelFormat, colorspace: UInt32, encoding: UInt32) -> ColourMatrix {
    // RGB has none, JPEG its own, and grey no chroma to tell it from.
    guard !format.isRGB, !format.isCompressed, format.chroma != .grey else { return .bt601 }
    switch encoding {
    case V4L2_YCBCR_ENC_709.rawValue, V4L2_YCBCR_ENC_XV709.rawValue: return .bt709
    case V4L2_YCBCR_ENC_DEFAULT.rawValue:
      let isHigh =
        colorspace == V4L2_COLORSPACE_REC709.rawValue
        || colorspace == V4L2_COLORSPACE_DCI_P3.rawValue
      return isHigh ? .bt709 : .bt601
    default: return .bt601
    }
  }

  /// - Returns: the rate given, in frames per second; 0 where the driver tells none.
  private func setRate(_ rate: Double?) -> Double {
    var parameters = v4l2_streamparm()
    parameters.type = bufferType
    guard control(VP_G_PARM, &parameters) == 0 else { return 0 }
    if let rate, unsafe parameters.parm.capture.capability & UInt32(V4L2_CAP_TIMEPERFRAME) != 0 {
      let interval = Self.interval(of: rate)
      unsafe parameters.parm.capture.timeperframe.numerator = interval.0
      unsafe parameters.parm.capture.timeperframe.denominator = interval.1
      _ = control(VP_S_PARM, &parameters)
      _ = control(VP_G_PARM, &parameters)
    }
    let interval = unsafe parameters.parm.capture.timeperframe
    return interval.numerator > 0 ? Double(interval.denominator) / Double(interval.numerator) : 0
  }

  /// Seconds per frame as a fraction: 1/30, and 1001/30000 for television's rates.
  static func interval(of rate: Double) -> (UInt32, UInt32) {
    let rate = min(max(rate, 0.001), 1_000_000)
    if rate >= 1, abs(rate - rate.rounded()) < 1e-6 { return (1, UInt32(rate.rounded())) }
    let television = rate * 1001 / 1000
    if rate > 1, abs(television - television.rounded()) < 1e-3 {
      return (1001, UInt32(television.rounded()) * 1000)
    }
    return (1000, UInt32((rate * 1000).rounded()))
  }
}
