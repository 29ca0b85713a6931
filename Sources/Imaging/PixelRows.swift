/// Kernels over one row of samples. They are plain loops over disjoint memory so that the compiler
/// makes vector code of them; callers have checked all bounds.
enum PixelRows {
  typealias Source = UnsafePointer<UInt8>
  typealias Target = UnsafeMutablePointer<UInt8>

  /// Takes every second byte, from `offset` 0 or 1: luma of packed 4:2:2, or one of two interleaved
  /// chroma planes.
  @inline(__always)
  static func everySecond(_ source: Source, offset: UInt16, to target: Target, count: Int) {
    let pairs = unsafe UnsafeRawPointer(source)
    let shift = offset &* 8
    for i in 0..<count {
      let pair = unsafe pairs.loadUnaligned(fromByteOffset: 2 &* i, as: UInt16.self)
      unsafe target[i] = UInt8(truncatingIfNeeded: UInt16(littleEndian: pair) &>> shift)
    }
  }

  /// Takes every fourth byte, from `offset` 0…3: chroma of packed 4:2:2.
  @inline(__always)
  static func everyFourth(_ source: Source, offset: UInt32, to target: Target, count: Int) {
    let quads = unsafe UnsafeRawPointer(source)
    let shift = offset &* 8
    for i in 0..<count {
      let quad = unsafe quads.loadUnaligned(fromByteOffset: 4 &* i, as: UInt32.self)
      unsafe target[i] = UInt8(truncatingIfNeeded: UInt32(littleEndian: quad) &>> shift)
    }
  }

  /// Luma from 16…235 to 0…255, in place: y + (y-16)·36/219 - 16, rounded; below and above saturate.
  static func expandLuma(_ row: Target, count: Int) {
    for i in 0..<count {
      let above = unsafe UInt16(max(row[i], 16)) &- 16
      unsafe row[i] = UInt8(truncatingIfNeeded: min(255, above &+ (above &* 42 &+ 128) &>> 8))
    }
  }

  /// Chroma from 16…240 to 0…255 about 128, in place: c + (c-128)·31/224, rounded and saturated.
  static func expandChroma(_ row: Target, count: Int) {
    for i in 0..<count {
      let offset = unsafe Int16(row[i]) &- 128
      let wide = offset &+ (offset &* 71 &+ 256) &>> 9 &+ 128
      unsafe row[i] = UInt8(truncatingIfNeeded: max(0, min(255, wide)))
    }
  }

  /// The rounded mean of two rows.
  static func average(_ first: Source, _ second: Source, to target: Target, count: Int) {
    for i in 0..<count {
      unsafe target[i] = UInt8(
        truncatingIfNeeded: (UInt16(first[i]) &+ UInt16(second[i]) &+ 1) &>> 1)
    }
  }

  /// Full-range BT.601 luma of packed 8-bit RGB; `red` and `blue` are the byte offsets of these within
  /// a pixel.
  static func luma(ofRGB source: Source, red: Int, blue: Int, to target: Target, count: Int) {
    for i in 0..<count {
      let r = unsafe UInt32(source[3 &* i &+ red])
      let g = unsafe UInt32(source[3 &* i &+ 1])
      let b = unsafe UInt32(source[3 &* i &+ blue])
      let sum = 19595 &* r &+ 38470 &* g &+ 7471 &* b &+ 32768
      unsafe target[i] = UInt8(truncatingIfNeeded: sum &>> 16)
    }
  }

  /// Full-range BT.601 chroma of packed 8-bit RGB, one sample for two pixels of a row; `width` is in
  /// pixels, and an odd last pixel stands for two.
  static func chroma(
    ofRGB source: Source, red: Int, blue: Int, cb: Target, cr: Target, width: Int
  ) {
    for i in 0..<(width &+ 1) / 2 {
      let first = 6 &* i
      let second = 2 &* i &+ 1 < width ? first &+ 3 : first
      let r = unsafe Int32(source[first &+ red]) &+ Int32(source[second &+ red])
      let g = unsafe Int32(source[first &+ 1]) &+ Int32(source[second &+ 1])
      let b = unsafe Int32(source[first &+ blue]) &+ Int32(source[second &+ blue])
      // Twice the scale of one pixel: 17 fraction bits.
      let cbSum = -11059 &* r &- 21709 &* g &+ 32768 &* b &+ (128 &<< 17) &+ 65535
      let crSum = 32768 &* r &- 27439 &* g &- 5329 &* b &+ (128 &<< 17) &+ 65535
      unsafe cb[i] = UInt8(truncatingIfNeeded: max(0, min(255, cbSum &>> 17)))
      unsafe cr[i] = UInt8(truncatingIfNeeded: max(0, min(255, crSum &>> 17)))
    }
  }
}
