import CV4L2
import Frames

extension Device {
  /// The least rate that is taken for granted, in frames per second.
  private static let ordinaryRate = 24.0

  /// - Throws: `.unsuitable` naming what the device has where the wanted format is not among it.
  func chooseFormat(_ request: DeviceRequest) throws(CaptureError) -> FourCC {
    let offered = formats()
    if let code = request.fourCC {
      guard offered.contains(code) else {
        throw CaptureError(
          .unsuitable, "\(path) (\(card)) has no \(code); it has \(Self.list(offered))")
      }
      return code
    }
    if let name = request.format {
      guard let wanted = PixelFormat(rawValue: name),
        let found = offered.first(where: { $0.pixelFormat == wanted })
      else {
        throw CaptureError(
          .unsuitable,
          "\(path) (\(card)) has no \(name); it has \(Self.list(offered))")
      }
      return found
    }
    // MJPEG where raw frames do not reach the size or rate that is wanted.
    let native = PixelFormat.allCases.compactMap { format in
      offered.first { $0.pixelFormat == format }
    }
    guard let first = native.first else {
      throw CaptureError(
        .unsuitable, "\(path) (\(card)) has no format that is read: \(Self.list(offered))")
    }
    guard let size = request.size ?? currentSize else { return first }
    let rate = request.rate ?? Self.ordinaryRate
    if let good = native.first(where: { reaches($0, size, rate) }) { return good }
    // None reaches the rate: the fastest at that size.
    let sized = native.filter { format in sizes(format).contains { $0.includes(size) } }
    let fastest = sized.map { (format: $0, rate: rates($0, size).max() ?? 0) }
      .reduce(nil as (format: FourCC, rate: Double)?) { best, next in
        best.map { next.rate > $0.rate ? next : $0 } ?? next
      }
    return fastest?.format ?? first
  }

  /// The size that the device is set to.
  private var currentSize: FrameSize? {
    var format = unsafe v4l2_format()
    unsafe format.type = bufferType
    guard unsafe control(VP_G_FMT, &format) == 0 else { return nil }
    let size =
      unsafe isMultiplanar
      ? FrameSize(width: Int(format.fmt.pix_mp.width), height: Int(format.fmt.pix_mp.height))
      : FrameSize(width: Int(format.fmt.pix.width), height: Int(format.fmt.pix.height))
    return size.width > 0 && size.height > 0 ? size : nil
  }

  /// What is read, by name, and how many others there are.
  static func list(_ formats: [FourCC]) -> String {
    let readable = formats.compactMap { $0.pixelFormat?.rawValue }
    let others = formats.filter { $0.pixelFormat == nil }
    if readable.isEmpty {
      return others.isEmpty ? "none" : others.prefix(8).map(\.description).joined(separator: ", ")
    }
    let more = others.isEmpty ? "" : " and \(others.count) that are not read"
    return readable.joined(separator: ", ") + more
  }

  /// Whether the format has the size at about the rate; true where the driver does not list them.
  private func reaches(_ format: FourCC, _ size: FrameSize, _ rate: Double) -> Bool {
    let sizes = self.sizes(format)
    guard !sizes.isEmpty else { return true }
    guard sizes.contains(where: { $0.includes(size) }) else { return false }
    let rates = self.rates(format, size)
    return rates.isEmpty || rates.contains { $0 >= rate * 0.97 }
  }

  /// Sizes that a format comes in: one, or all within steps.
  struct SizeRange {
    var least: FrameSize
    var most: FrameSize
    var step: FrameSize

    func includes(_ size: FrameSize) -> Bool {
      (least.width...most.width).contains(size.width)
        && (least.height...most.height).contains(size.height)
        && (size.width - least.width) % max(1, step.width) == 0
        && (size.height - least.height) % max(1, step.height) == 0
    }
  }

  func sizes(_ format: FourCC) -> [SizeRange] {
    var sizes: [SizeRange] = []
    for index in 0..<UInt32(128) {
      var entry = v4l2_frmsizeenum()
      entry.index = index
      entry.pixel_format = format.code
      guard control(VP_ENUM_FRAMESIZES, &entry) == 0 else { break }
      if entry.type == V4L2_FRMSIZE_TYPE_DISCRETE.rawValue {
        let size = FrameSize(
          width: Int(entry.discrete.width), height: Int(entry.discrete.height))
        sizes.append(SizeRange(least: size, most: size, step: FrameSize(width: 1, height: 1)))
      } else {
        let steps = entry.stepwise
        let least = FrameSize(width: Int(steps.min_width), height: Int(steps.min_height))
        let most = FrameSize(width: Int(steps.max_width), height: Int(steps.max_height))
        guard least.width <= most.width, least.height <= most.height else { break }
        sizes.append(
          SizeRange(
            least: least, most: most,
            step: FrameSize(width: Int(steps.step_width), height: Int(steps.step_height))))
        break
      }
    }
    return sizes
  }

  /// Frames per second that a format has at a size; of a continuous range its ends.
  func rates(_ format: FourCC, _ size: FrameSize) -> [Double] {
    var rates: [Double] = []
    func add(_ interval: v4l2_fract) {
      if interval.numerator > 0 {
        rates.append(Double(interval.denominator) / Double(interval.numerator))
      }
    }
    for index in 0..<UInt32(64) {
      var entry = v4l2_frmivalenum()
      entry.index = index
      entry.pixel_format = format.code
      entry.width = UInt32(size.width)
      entry.height = UInt32(size.height)
      guard control(VP_ENUM_FRAMEINTERVALS, &entry) == 0 else { break }
      if entry.type == V4L2_FRMIVAL_TYPE_DISCRETE.rawValue {
        add(entry.discrete)
      } else {
        add(entry.stepwise.min)
        add(entry.stepwise.max)
        break
      }
    }
    return rates
  }
}
