package import Frames

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

  /// What a stored picture of this size measures when it is seen upright.
  package func upright(_ size: FrameSize) -> FrameSize {
    swapsSides ? FrameSize(width: size.height, height: size.width) : size
  }

  private static let exifName: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0]
  /// Directories have a few dozen entries.
  private static let entriesMax = 4096

  /// Of a JPEG, from its APP1 segments. What is not there, or not as it should be, means upright: it is
  /// no reason to refuse a picture.
  init(of jpeg: UnsafeRawBufferPointer) {
    let found = try? unsafe JPEGStructure.find(in: jpeg.bytes)
    self = found?.orientation ?? .upright
  }

  /// Of the body of an APP1 segment; nil where it is not EXIF, or says nothing of it that makes sense.
  init?(segment body: UnsafeRawBufferPointer) {
    guard unsafe body.starts(with: Self.exifName) else { return nil }
    unsafe self.init(tiff: UnsafeRawBufferPointer(rebasing: body[Self.exifName.count...]))
  }

  /// Of a PNG's eXIf chunk, which begins with the TIFF header; some programs put a JPEG's name before it.
  init?(chunk body: UnsafeRawBufferPointer) {
    if unsafe body.starts(with: Self.exifName) {
      unsafe self.init(segment: body)
    } else {
      unsafe self.init(tiff: body)
    }
  }

  /// Tag 0x0112 of the first directory. EXIF has it as one SHORT; some programs write a LONG, or several.
  private init?(tiff: UnsafeRawBufferPointer) {
    guard tiff.count >= 8 else { return nil }
    let isLittle = unsafe tiff[0] == 0x49
    guard unsafe tiff[1] == tiff[0], unsafe isLittle || tiff[0] == 0x4D else { return nil }
    func number(_ offset: Int, bytes: Int) -> Int? {
      guard offset >= 0, offset <= tiff.count - bytes else { return nil }
      var value = 0
      for i in 0..<bytes {
        value = value << 8 | Int(unsafe tiff[offset + (isLittle ? bytes - 1 - i : i)])
      }
      return value
    }
    guard number(2, bytes: 2) == 42, let directory = number(4, bytes: 4),
      let entries = number(directory, bytes: 2)
    else { return nil }
    for entry in 0..<min(entries, Self.entriesMax) {
      let offset = directory + 2 + entry * 12
      guard let tag = number(offset, bytes: 2) else { return nil }
      guard tag == 0x0112 else { continue }
      let widths = [1: 1, 3: 2, 4: 4, 6: 1, 8: 2, 9: 4]
      guard let width = number(offset + 2, bytes: 2).flatMap({ widths[$0] }),
        let count = number(offset + 4, bytes: 4), count > 0
      else { return nil }
      // Values of more than four bytes in all lie elsewhere.
      let place = count > 4 / width ? number(offset + 8, bytes: 4) : offset + 8
      guard let value = place.flatMap({ number($0, bytes: width) }) else { return nil }
      self.init(rawValue: value)
      return
    }
    return nil
  }
}
