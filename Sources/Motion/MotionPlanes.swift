import CMotion
import Frames

/// Owns the memory of one detector, and is the only one to call the loops over it. One thread at a time.
@safe
final class MotionPlanes {
  /// What a picture is compared with.
  enum Reference {
    case background
    /// What `predict` made.
    case predicted
    /// The same, within the tolerance that `tolerate` made.
    case tolerant

    fileprivate var code: Int32 {
      switch self {
      case .background: Int32(VM_BACKGROUND)
      case .predicted: Int32(VM_PREDICTED)
      case .tolerant: Int32(VM_TOLERANT)
      }
    }
  }

  /// How the background is seen in a picture: its light, and how the camera moved.
  struct View: Equatable {
    /// In 1/4096.
    var gain = 4096
    /// In 1/256 of a level.
    var offset = 0
    /// In 1/256 of a pixel of the small picture.
    var dx = 0
    var dy = 0

    var isShifted: Bool { dx != 0 || dy != 0 }
    /// Whether what is left is less than a picture's own noise.
    var isNearlyPlain: Bool { !isShifted && !isRelit && abs(gain - 4096) < 24 && abs(offset) < 192 }
    /// Whether the light is another, or the camera's exposure.
    var isRelit: Bool { abs(gain - 4096) > 80 || abs(offset) > 3 << 8 }
  }

  let size: FrameSize
  private let planes: UnsafeMutablePointer<vm_planes>

  /// - Returns: nil where there is no memory, or the picture has a side of none or more than 4096 pixels.
  init?(_ size: FrameSize) {
    guard
      let planes = unsafe vm_planes_new(Int32(clamping: size.width), Int32(clamping: size.height))
    else { return nil }
    self.size = size
    unsafe self.planes = unsafe planes
  }

  deinit { unsafe vm_planes_free(planes) }

  /// Puts a picture of the same size in, to be looked at.
  func take(_ picture: GreyPicture) {
    precondition(picture.size == size && picture.pixels.count >= size.width * size.height)
    unsafe picture.pixels.withUnsafeBufferPointer { pixels in
      unsafe vm_take(planes, pixels.baseAddress, size.width)
    }
  }

  func begin(noise: Int32) { unsafe vm_begin(planes, noise) }

  /// - Returns: the pixels that differ surely, and all that differ.
  func compare(with reference: Reference, _ thresholds: vm_thresholds) -> (high: Int, low: Int) {
    var low: Int32 = 0
    let high = unsafe vm_compare(planes, reference.code, thresholds, &low)
    return (Int(high), Int(low))
  }

  func predict(_ view: View) {
    unsafe vm_predict(
      planes, Int32(view.gain), Int32(view.offset), Int32(view.dx), Int32(view.dy))
  }

  /// Takes out of the prediction by what the light of each pixel's surroundings differs.
  func relight(radius: Int) { unsafe vm_relight(planes, Int32(radius)) }

  /// - Parameter edgeShare: in 1/256 of the range of values around a pixel.
  func tolerate(_ view: View, edgeShare: Int) {
    func border(_ shift: Int) -> Int32 { shift == 0 ? 0 : Int32(abs(shift) / 256 + 1) }
    unsafe vm_tolerate(planes, Int32(edgeShare), border(view.dx), border(view.dy))
  }

  func fit(clip: Int) -> vm_fit {
    var fit = vm_fit()
    unsafe vm_fit_model(planes, Int32(clip), &fit)
    return fit
  }

  func distance(dx: Int, dy: Int, margin: Int, clip: Int) -> Int {
    precondition(max(abs(dx), abs(dy)) <= margin)
    return Int(unsafe vm_distance(planes, Int32(dx), Int32(dy), Int32(margin), Int32(clip)))
  }

  func isMarked(row: Int) -> Bool { unsafe vm_row_is_marked(planes, Int32(row)) != 0 }

  /// The marks of a row: 0, 1 for what differs, 2 for what differs surely.
  func withMarks<Result>(row: Int, _ body: (Span<UInt8>) -> Result) -> Result {
    precondition(row >= 0 && row < size.height)
    let marks = unsafe UnsafeBufferPointer(
      start: planes.pointee.marks + row * size.width, count: size.width)
    return body(unsafe marks.span)
  }

  func agree(row: Int, _ columns: ClosedRange<Int>, _ sum: inout vm_agreement) {
    unsafe vm_agree(
      planes, Int32(row), Int32(columns.lowerBound), Int32(columns.upperBound), &sum)
  }

  /// Forgets where something moves.
  func clearMoving() {
    unsafe planes.pointee.moving.update(repeating: 0, count: size.width * size.height)
  }

  func setMoving(row: Int, _ columns: ClosedRange<Int>) {
    precondition(row >= 0 && row < size.height)
    precondition(columns.lowerBound >= 0 && columns.upperBound < size.width)
    unsafe (planes.pointee.moving + row * size.width + columns.lowerBound)
      .update(repeating: 1, count: columns.count)
  }

  func adopt(row: Int, _ columns: ClosedRange<Int>) {
    precondition(row >= 0 && row < size.height)
    precondition(columns.lowerBound >= 0 && columns.upperBound < size.width)
    unsafe vm_adopt(
      planes, Int32(row), Int32(columns.lowerBound), Int32(columns.upperBound))
  }

  /// Makes the picture the background, but where something moves.
  func adoptAll() { unsafe vm_adopt_all(planes) }

  /// - Parameters: the shares of the way that background and noise go, in 1/65536.
  func update(
    from reference: Reference, step: Int, noiseStep: Int, movingNoiseStep: Int, ageMax: Int,
    _ thresholds: vm_thresholds
  ) {
    unsafe vm_update(
      planes, reference.code, Int32(step), Int32(noiseStep), Int32(movingNoiseStep),
      Int32(ageMax), thresholds)
  }
}
