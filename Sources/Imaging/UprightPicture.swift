import CTurboJPEG
package import Frames

/// A photograph as one sees it: turned as EXIF says, in RGB, made smaller where it is very large.
package struct UprightPicture: Sendable {
  /// Of `rgb`.
  package var size: FrameSize
  /// Rows without padding.
  package var rgb: [UInt8]
  /// Of the photograph, upright.
  package var originalSize: FrameSize

  package init(size: FrameSize, rgb: [UInt8], originalSize: FrameSize) {
    self.size = size
    self.rgb = rgb
    self.originalSize = originalSize
  }

  /// Pixels of the photograph to one of `rgb`, across.
  package var scale: Double { Double(originalSize.width) / Double(size.width) }

  /// 8-bit luma by the weights of BT.601, which are JPEG's.
  package var luma: [UInt8] {
    let count = size.width * size.height
    guard rgb.count >= count * 3 else { return [] }
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { luma, initialized in
      unsafe rgb.withUnsafeBufferPointer { rgb in
        for i in 0..<count {
          let red = Int(unsafe rgb[3 * i]) * 19_595
          let green = Int(unsafe rgb[3 * i + 1]) * 38_470
          let blue = Int(unsafe rgb[3 * i + 2]) * 7_471
          unsafe luma[i] = UInt8(truncatingIfNeeded: (red + green + blue + 32_768) >> 16)
        }
      }
      initialized = count
    }
  }
}

extension JPEGDecoder {
  /// Decodes any JPEG (grey, YCbCr, RGB, CMYK) for analysis.
  /// - Throws: `.corrupt` where the picture is cut off or damaged, or is no JPEG; `.unsupported` where it is larger
  ///   than `bounds`.
  package func upright(
    of jpeg: RawSpan, within bounds: PictureBounds = .photograph
  ) throws(ImagingError) -> UprightPicture {
    let turn = unsafe jpeg.withUnsafeBytes { unsafe ExifOrientation(of: $0) }
    return try open(jpeg, bounds, takesCMYK: true) { info throws(ImagingError) in
      let whole = FrameSize(width: Int(info.width), height: Int(info.height))
      try self.scale(&info) { $0.width * $0.height <= bounds.keptPixelCountMax }
      let size = FrameSize(width: Int(info.width), height: Int(info.height))
      // Turned, there are two of it.
      try bounds.check(bytes: 2 * 3 * size.width * size.height, "JPEG")
      let pixels = try self.rgb(&info, size, bounds)
      return UprightPicture(size: size, rgb: pixels, originalSize: whole).turned(by: turn)
    }
  }

  /// Decodes luma alone, made smaller meanwhile, for detection in large frames. Not turned.
  /// - Parameter sizeMin: the picture is halved, at most three times, as long as it stays this large; nil for not.
  package func luma(
    of jpeg: RawSpan, atLeast sizeMin: FrameSize? = nil
  ) throws(ImagingError) -> (size: FrameSize, pixels: [UInt8]) {
    try open(jpeg, .frame) { info throws(ImagingError) in
      try self.scale(&info) { size in
        // Stops where the next step would be too small.
        guard let sizeMin else { return true }
        return size.width < 2 * sizeMin.width || size.height < 2 * sizeMin.height
      }
      let size = FrameSize(width: Int(info.width), height: Int(info.height))
      try self.checkMemory(info, size.width * size.height, .frame)
      var pixels = [UInt8](repeating: 0, count: size.width * size.height)
      let status = unsafe pixels.withUnsafeMutableBufferPointer { buffer in
        unsafe vj_decode_grey(self.handle, buffer.baseAddress, size.width, &info)
      }
      try self.check(status, info)
      return (size, pixels)
    }
  }

  /// Halves what will be decoded until `suffices`, or it is an eighth.
  private func scale(
    _ info: inout vj_info, until suffices: (FrameSize) -> Bool
  ) throws(ImagingError) {
    var eighths: Int32 = 8
    while eighths > 1, !suffices(FrameSize(width: Int(info.width), height: Int(info.height))) {
      eighths /= 2
      try check(unsafe vj_decode_scale(handle, eighths, &info), info)
    }
  }
}
