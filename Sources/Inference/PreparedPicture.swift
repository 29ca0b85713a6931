import CInference
package import Frames

/// A part of a picture, in pixels from its upper left corner.
package struct PictureBox: Equatable, Sendable {
  package var x: Double
  package var y: Double
  package var width: Double
  package var height: Double

  package init(x: Double, y: Double, width: Double, height: Double) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  /// What of it is within a picture; nil where that is less than a pixel, or a number is none.
  package func within(_ size: FrameSize) -> PictureBox? {
    let left = max(0, x), top = max(0, y)
    let right = min(Double(size.width), x + width)
    let bottom = min(Double(size.height), y + height)
    guard [x, y, width, height].allSatisfy(\.isFinite), right - left >= 1, bottom - top >= 1 else {
      return nil
    }
    return PictureBox(x: left, y: top, width: right - left, height: bottom - top)
  }
}

/// A picture as a network takes it: scaled, its middle cut out, and each channel a plane of floats.
package struct PreparedPicture {
  package let numbers: [Float]

  /// - Parameters:
  ///   - rgb: packed, rows without padding.
  ///   - box: what is looked at; nil for all.
  package init(
    rgb: RawSpan, size: FrameSize, box: PictureBox? = nil, for network: Network
  ) throws(InferenceError) {
    numbers = try Self.numbers(rgb: rgb, size: size, box: box, Plan(network))
  }

  /// What is made of a picture.
  struct Plan {
    var input: vn_input
    /// Pixels of the shorter side before the middle is cut out; nil: a seventh more than what is taken.
    var resize: Int?
    var isBGR: Bool
    var mean: [Float]
    var scale: [Float]
  }

  static func numbers(
    rgb: RawSpan, size: FrameSize, box: PictureBox?, _ plan: Plan
  ) throws(InferenceError) -> [Float] {
    guard size.width > 0, size.height > 0, rgb.byteCount >= size.width * size.height * 3 else {
      throw InferenceError(.badInput, "\(rgb.byteCount) bytes are no picture of \(size)")
    }
    return try unsafe rgb.withUnsafeBytes { bytes throws(InferenceError) in
      let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
      let planes = unsafe (0..<3).map { channel in
        unsafe vn_plane(
          samples: base.map { unsafe $0 + channel }, width: Int32(size.width),
          height: Int32(size.height), stride: size.width * 3, step: 3)
      }
      return try unsafe Self.prepare(planes, isYCC: false, size, box, plan)
    }
  }

  /// How one plane of a picture lies in memory.
  package struct Plane: Equatable, Sendable {
    package var width: Int
    package var height: Int
    /// Bytes from the start of a row to that of the next.
    package var stride: Int

    package init(width: Int, height: Int, stride: Int) {
      self.width = width
      self.height = height
      self.stride = stride
    }

    fileprivate func at(_ bytes: UnsafeRawBufferPointer) throws(InferenceError) -> vn_plane {
      guard width > 0, height > 0, stride >= width,
        bytes.count >= (height - 1) * stride + width
      else {
        throw InferenceError(
          .badInput, "\(bytes.count) bytes are no plane of \(width)x\(height)")
      }
      return unsafe vn_plane(
        samples: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), width: Int32(width),
        height: Int32(height), stride: stride, step: 1)
    }
  }

  /// - Parameters:
  ///   - y: luma, and `cb` and `cr` as JPEG has them, which may be coarser.
  ///   - planes: how the three lie.
  package init(
    y: RawSpan, cb: RawSpan, cr: RawSpan, planes: (y: Plane, cb: Plane, cr: Plane),
    box: PictureBox? = nil, for network: Network
  ) throws(InferenceError) {
    let size = FrameSize(width: planes.y.width, height: planes.y.height)
    numbers = try unsafe y.withUnsafeBytes { y throws(InferenceError) in
      try unsafe cb.withUnsafeBytes { cb throws(InferenceError) in
        try unsafe cr.withUnsafeBytes { cr throws(InferenceError) in
          let all = try unsafe [planes.y.at(y), planes.cb.at(cb), planes.cr.at(cr)]
          return try unsafe Self.prepare(all, isYCC: true, size, box, Plan(network))
        }
      }
    }
  }

  private static func prepare(
    _ planes: [vn_plane], isYCC: Bool, _ size: FrameSize, _ box: PictureBox?, _ plan: Plan
  ) throws(InferenceError) -> [Float] {
    var picture = unsafe vn_picture(
      planes: (planes[0], planes[1], planes[2]), is_ycc: isYCC ? 1 : 0)
    var input = plan.input
    var crop = try crop(
      box ?? PictureBox(x: 0, y: 0, width: Double(size.width), height: Double(size.height)), size,
      input, plan.resize)
    var numbers = [Float](
      repeating: 0, count: Int(input.channels * input.width * input.height))
    var error = vn_error()
    let status = unsafe vn_prepare(
      &picture, &crop, &input, plan.isBGR ? 1 : 0, plan.mean, plan.scale, &numbers, &error)
    guard status == Int32(VN_OK) else {
      throw InferenceError(.internalFailure, "a picture could not be prepared: \(error.text)")
    }
    return numbers
  }

  /// As torchvision's Resize and CenterCrop: the shorter side becomes `resize` pixels, and the middle is cut out.
  static func crop(
    _ box: PictureBox, _ size: FrameSize, _ input: vn_input, _ resize: Int?
  ) throws(InferenceError) -> vn_crop {
    guard let box = box.within(size) else {
      throw InferenceError(.badInput, "the box lies outside of the picture of \(size), or is empty")
    }
    let (width, height) = (box.width, box.height)
    let most = max(Int(input.width), Int(input.height))
    // Something larger is cut out, never something that is smaller than what is wanted.
    let shorter = max(resize ?? (most * 8 + 3) / 7, most)
    let factor = Double(shorter) / min(width, height)
    let scaledWidth = width <= height ? shorter : Int(width * factor)
    let scaledHeight = height <= width ? shorter : Int(height * factor)
    return vn_crop(
      left: box.x, top: box.y, width: width, height: height, scaled_width: Int32(scaledWidth),
      scaled_height: Int32(scaledHeight),
      kept_left: Int32((Double(scaledWidth - Int(input.width)) / 2).rounded(.toNearestOrEven)),
      kept_top: Int32((Double(scaledHeight - Int(input.height)) / 2).rounded(.toNearestOrEven)))
  }
}

extension PreparedPicture.Plan {
  init(_ network: Network) {
    let description = network.description
    self.init(
      input: network.input, resize: description.resize, isBGR: description.channels == .bgr,
      mean: description.mean, scale: description.scale)
  }
}
