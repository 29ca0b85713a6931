/// Width and height of a picture in pixels.
package struct FrameSize: Equatable, Hashable, Sendable, CustomStringConvertible {
  package var width: Int
  package var height: Int

  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  package var description: String { "\(width)x\(height)" }
}

/// How the rows of a frame lie in its planes.
package struct FrameLayout: Equatable, Sendable {
  package var format: PixelFormat
  package var size: FrameSize
  package var range: ColourRange
  /// Of formats that have luma and chroma in raw samples; without meaning for others.
  package var matrix: ColourMatrix
  /// Bytes from the start of a row to that of the next, for each plane of `format`.
  package var strides: [Int]

  /// - Parameter strides: one per plane, or nil for rows without padding.
  package init(
    format: PixelFormat, size: FrameSize, range: ColourRange = .limited,
    matrix: ColourMatrix = .bt601, strides: [Int]? = nil
  ) {
    self.format = format
    self.size = size
    self.range = range
    self.matrix = matrix
    self.strides =
      strides
      ?? (0..<format.planeCount).map { format.rowBytes(plane: $0, width: size.width) }
  }

  /// The least bytes that hold `plane`: whole rows, the last without its padding.
  package func byteCount(plane: Int) -> Int {
    let rows = format.rows(plane: plane, height: size.height)
    guard rows > 0 else { return 0 }
    return (rows - 1) * strides[plane] + format.rowBytes(plane: plane, width: size.width)
  }

  /// Where each plane starts when all lie one after the other in one buffer, as V4L2 defines it for
  /// its contiguous formats (every plane takes whole strides).
  package var contiguousOffsets: [Int] {
    var offset = 0
    return (0..<format.planeCount).map { plane in
      defer { offset += strides[plane] * format.rows(plane: plane, height: size.height) }
      return offset
    }
  }

  /// The bytes of a frame whose planes lie one after the other without padding.
  package var packedByteCount: Int {
    (0..<format.planeCount).reduce(0) { sum, plane in
      sum + format.rowBytes(plane: plane, width: size.width)
        * format.rows(plane: plane, height: size.height)
    }
  }
}
