/// How a camera was held when it took a picture, as EXIF 2.3 tells it: what must be done to see it upright.
package enum ExifOrientation: Int, CaseIterable, Sendable {
  case upright = 1
  case mirrored = 2
  case halfTurn = 3
  case mirroredHalfTurn = 4
  /// Rows and columns exchanged.
  case transposed = 5
  /// To be turned by 90° clockwise.
  case clockwise = 6
  case transverse = 7
  case anticlockwise = 8

  package var swapsSides: Bool { rawValue >= 5 }

  /// Reads tag 0x0112 of the first directory in a JPEG's APP1 segment. What is not there, or not
  /// as it should be, means upright: it is no reason to refuse a picture.
  init(of jpeg: UnsafeRawBufferPointer) {
    self = unsafe Self.read(jpeg) ?? .upright
  }

  private static func read(_ jpeg: UnsafeRawBufferPointer) -> Self? {
    var position = 2
    // Segments before the picture; there are rarely more than a dozen.
    for _ in 0..<64 {
      guard position + 4 <= jpeg.count, unsafe jpeg[position] == 0xFF else { return nil }
      let marker = unsafe jpeg[position + 1]
      let length = unsafe Int(jpeg[position + 2]) << 8 | Int(jpeg[position + 3])
      guard marker != 0xDA, marker != 0xD9, length >= 2, position + 2 + length <= jpeg.count else {
        return nil
      }
      let body = unsafe UnsafeRawBufferPointer(
        rebasing: jpeg[(position + 4)..<(position + 2 + length)])
      if marker == 0xE1, unsafe body.starts(with: [0x45, 0x78, 0x69, 0x66, 0, 0]) {
        return unsafe fromTIFF(UnsafeRawBufferPointer(rebasing: body[6...]))
      }
      position += 2 + length
    }
    return nil
  }

  private static func fromTIFF(_ tiff: UnsafeRawBufferPointer) -> Self? {
    guard tiff.count >= 8 else { return nil }
    let isLittle = unsafe tiff[0] == 0x49
    guard unsafe isLittle || tiff[0] == 0x4D else { return nil }
    func number(_ offset: Int, bytes: Int) -> Int? {
      guard offset >= 0, offset + bytes <= tiff.count else { return nil }
      var value = 0
      for i in 0..<bytes {
        value = value << 8 | Int(unsafe tiff[offset + (isLittle ? bytes - 1 - i : i)])
      }
      return value
    }
    guard let directory = number(4, bytes: 4), let count = number(directory, bytes: 2) else {
      return nil
    }
    for entry in 0..<count {
      let offset = directory + 2 + entry * 12
      guard let tag = number(offset, bytes: 2) else { return nil }
      // A SHORT, one of them.
      guard tag == 0x0112 else { continue }
      guard number(offset + 2, bytes: 2) == 3 else { return nil }
      return number(offset + 8, bytes: 2).flatMap(Self.init(rawValue:))
    }
    return nil
  }
}
