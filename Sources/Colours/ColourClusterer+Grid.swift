extension ColourClusterer {
  /// Paints by the nearest centre of each distinct colour; for spaces whose boxes are not those of RGB.
  func paintByGrid(
    _ pixels: Pixels, space: ColourSpace, to target: UnsafeMutableBufferPointer<UInt8>
  ) {
    let labels = Memory<UInt32>()
    grid.fill(pixels, space: space)
    _ = grid.assign(lloyd.centres, floor: .infinity, labels: labels)
    let colours = (0..<lloyd.centres.count).map { index in
      let centre = lloyd.centres[index]
      return space == .lab ? CIELAB.colour(centre) : centre.rounded
    }
    var palette: [RGB: RGB] = [:]
    palette.reserveCapacity(grid.points.count)
    for index in 0..<grid.points.count { palette[grid.colour(index)] = colours[Int(labels[index])] }
    for index in 0..<pixels.count {
      let colour = palette[pixels.colour(index)] ?? RGB(0, 0, 0)
      unsafe target[3 * index] = colour.red
      unsafe target[3 * index + 1] = colour.green
      unsafe target[3 * index + 2] = colour.blue
    }
  }

  /// The centres found last as colours, in the order of `LabelledColours.centres`.
  package var palette: [RGB] {
    (0..<lloyd.centres.count).map { index in
      let centre = lloyd.centres[index]
      return settings.space == .lab ? CIELAB.colour(centre) : centre.rounded
    }
  }

  /// The distinct colours of a picture, each with its cluster among the centres found last; for silhouettes.
  package func labelled(
    rgb: Span<UInt8>, width: Int, height: Int, stride: Int? = nil
  ) throws(ColoursError) -> LabelledColours {
    let stride = stride ?? 3 * width
    try Pixels.check(width: width, height: height, stride: stride, byteCount: rgb.count)
    guard lloyd.centres.count > 0 else {
      throw ColoursError(.badArgument, "no picture has been clustered yet")
    }
    let labels = Memory<UInt32>()
    unsafe rgb.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      grid.fill(
        unsafe Pixels(base: base, width: width, height: height, stride: stride),
        space: settings.space)
    }
    _ = grid.assign(lloyd.centres, floor: .infinity, labels: labels)
    return LabelledColours(
      points: (0..<grid.points.count).map(grid.points.point),
      weights: (0..<grid.points.count).map(grid.points.weight),
      labels: (0..<grid.points.count).map { Int(labels[$0]) },
      centres: (0..<lloyd.centres.count).map { lloyd.centres[$0] })
  }
}
