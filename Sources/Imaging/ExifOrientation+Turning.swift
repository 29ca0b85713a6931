import Frames

extension ExifOrientation {
  /// Where the first pixel of the upright picture comes from in a stored one of `width` by `height`, and
  /// the steps there for one to the right and one down.
  fileprivate func steps(
    _ width: Int, _ height: Int, rowStep: Int
  ) -> (first: Int, right: Int, down: Int) {
    let (lastColumn, lastRow) = (width - 1, (height - 1) * rowStep)
    return switch self {
    case .upright: (0, 1, rowStep)
    case .mirrored: (lastColumn, -1, rowStep)
    case .halfTurn: (lastRow + lastColumn, -1, -rowStep)
    case .mirroredHalfTurn: (lastRow, 1, -rowStep)
    case .transposed: (0, rowStep, 1)
    case .clockwise: (lastRow, -rowStep, 1)
    case .transverse: (lastRow + lastColumn, -rowStep, -1)
    case .anticlockwise: (lastColumn, rowStep, -1)
    }
  }
}

extension UprightPicture {
  /// The picture as it is seen, of one that is stored otherwise.
  func turned(by turn: ExifOrientation) -> UprightPicture {
    guard turn != .upright else { return self }
    let (w, h) = (size.width, size.height)
    let (first, right, down) = turn.steps(w, h, rowStep: w)
    let seen = turn.upright(size)
    let pixels = unsafe [UInt8](unsafeUninitializedCapacity: w * h * 3) { out, initialized in
      unsafe rgb.withUnsafeBufferPointer { rgb in
        var target = 0
        for row in 0..<seen.height {
          var source = (first + row * down) * 3
          for _ in 0..<seen.width {
            unsafe out[target] = unsafe rgb[source]
            unsafe out[target + 1] = unsafe rgb[source + 1]
            unsafe out[target + 2] = unsafe rgb[source + 2]
            target += 3
            source += right * 3
          }
        }
      }
      initialized = w * h * 3
    }
    return UprightPicture(size: seen, rgb: pixels, originalSize: turn.upright(originalSize))
  }
}

extension PlanarPicture {
  /// The picture as it is seen, of one that is stored otherwise.
  /// - Parameter reusing: written over and returned where its planes have the right shape.
  func turned(by turn: ExifOrientation, reusing old: PlanarPicture?) -> PlanarPicture {
    guard turn != .upright else { return self }
    let shapes = planes.map { plane in
      turn.swapsSides ? (plane.height, plane.width) : (plane.width, plane.height)
    }
    let seen = turn.upright(size)
    let fits =
      old?.size == seen && old?.planes.elementsEqual(shapes) { ($0.width, $0.height) == $1 } == true
    let made = (fits ? old : nil) ?? PlanarPicture(size: seen, planes: shapes)
    for (index, plane) in planes.enumerated() {
      let (first, right, down) = turn.steps(plane.width, plane.height, rowStep: plane.stride)
      let source = unsafe pointer(plane: index)
      for row in 0..<made.planes[index].height {
        let target = unsafe made.pointer(plane: index, row: row)
        var at = first + row * down
        for column in 0..<made.planes[index].width {
          unsafe target[column] = unsafe source[at]
          at += right
        }
      }
    }
    return made
  }
}
