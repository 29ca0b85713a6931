import CMotion
import Frames

/// Finds the light and the shift under which the background looks most like the picture: least squares on the optical flow
/// equation with gain and offset (Lucas and Kanade 1981; Negahdaripour 1998 for the light), over pixels that are not too far
/// off, so that what moves has no say.
struct ViewFit {
  typealias View = MotionPlanes.View

  /// Levels that a pixel may be off and still have a say.
  private static let clip = 24
  private static let roundsMax = 4
  /// Shifts of whole pixels that are tried.
  private static let shiftMax = 2
  /// A pixel of the picture, and two more for the flow.
  private static let shiftQ8Max = 3 * 256
  private static let gains = 1024...16_384
  /// What is less is no shift, in 1/256 of a pixel.
  private static let shiftQ8Min = 3
  /// A view that leaves more than this of the pixels that differ explains nothing.
  private static let differingShareMax = 0.7
  /// The same of a shift, by the differences of all pixels.
  private static let errorShareMax = 0.995
  /// That share is less by so much of the part of the picture that differs under the shift. Of shakes of 2 to 7 pixels it
  /// explains more, of what moves in a small picture less.
  private static let unexplainedFactor = 0.35

  /// - Parameters:
  ///   - isWide: whether much of the picture differs: then all pixels have a say at first.
  ///   - differing: the pixels that differ from what is predicted.
  /// - Returns: the best view; what `planes` predicts is made by it.
  static func view(
    of planes: MotionPlanes, isWide: Bool, differing: (MotionPlanes) -> Int
  ) -> View {
    var view = View()
    planes.predict(view)
    let before = differing(planes)
    for round in 0..<roundsMax {
      let fit = planes.fit(clip: isWide && round == 0 ? 255 : isWide && round == 1 ? 48 : clip)
      guard fit.count > 16, let step = solve(fit, isShifting: false), relight(&view, step)
      else { break }
      if view.isNearlyPlain { break }
      planes.predict(view)
      if abs(step[0]) < 0.004, abs(step[1]) < 0.3 { break }
    }
    if view != View(),
      view.isNearlyPlain
        || Double(differing(planes)) >= differingShareMax * Double(before)
    {
      view = View()
      planes.predict(view)
    }
    let fit = planes.fit(clip: clip)
    guard let step = solve(fit, isShifting: true),
      max(abs(step[2]), abs(step[3])) * 512 >= Double(shiftQ8Min)
    else { return view }
    return shifted(planes, view, differing)
  }

  private static func shifted(
    _ planes: MotionPlanes, _ unshifted: View, _ differing: (MotionPlanes) -> Int
  ) -> View {
    var view = unshifted
    let before = planes.fit(clip: clip).error
    search(planes, &view)
    if view.isShifted { planes.predict(view) }
    for _ in 0..<roundsMax {
      guard let step = solve(planes.fit(clip: clip), isShifting: true) else { break }
      // The gradient is twice that of a pixel.
      view.dx += Int((step[2] * 512).rounded())
      view.dy += Int((step[3] * 512).rounded())
      guard abs(view.dx) <= shiftQ8Max, abs(view.dy) <= shiftQ8Max else { break }
      planes.predict(view)
      if max(abs(step[2]), abs(step[3])) * 512 < 4 { break }
    }
    // A camera that moves changes most edges of the picture; something that moves, a few.
    if max(abs(view.dx), abs(view.dy)) <= shiftQ8Max {
      // The more of the picture differs all the same, the more must be explained: where much moves by itself, some shift is a
      // little better than none.
      let pixels = planes.size.width * planes.size.height
      let share = Double(differing(planes)) / Double(pixels)
      let most = min(errorShareMax, 1 - unexplainedFactor * share)
      if Double(planes.fit(clip: clip).error) < most * Double(before) { return view }
    }
    planes.predict(unshifted)
    return unshifted
  }

  private static func relight(_ view: inout View, _ step: [Double]) -> Bool {
    // predicted' = predicted + a (predicted - 128) + b
    let gain = Double(view.gain) * (1 + step[0])
    let offset = Double(view.offset) * (1 + step[0]) + (step[1] - 128 * step[0]) * 256
    guard gain >= Double(gains.lowerBound), gain <= Double(gains.upperBound),
      abs(offset) < 65_536
    else { return false }
    view.gain = Int(gain.rounded())
    view.offset = Int(offset.rounded())
    return true
  }

  private static func search(_ planes: MotionPlanes, _ view: inout View) {
    let margin = shiftMax
    guard planes.size.width > 8 * margin, planes.size.height > 8 * margin else { return }
    var best = (planes.distance(dx: 0, dy: 0, margin: margin, clip: clip), 0, 0)
    for dy in -shiftMax...shiftMax {
      for dx in -shiftMax...shiftMax {
        let distance = planes.distance(dx: dx, dy: dy, margin: margin, clip: clip)
        if distance < best.0 { best = (distance, dx, dy) }
      }
    }
    view.dx = best.1 * 256
    view.dy = best.2 * 256
  }

  /// - Returns: nil where the picture has nothing to tell.
  private static func solve(_ fit: vm_fit, isShifting: Bool) -> [Double]? {
    let p = fit.products
    let t = fit.targets
    var rows: [[Double]] = [
      [p.0.0, p.0.1, p.0.2, p.0.3, t.0], [p.1.0, p.1.1, p.1.2, p.1.3, t.1],
      [p.2.0, p.2.1, p.2.2, p.2.3, t.2], [p.3.0, p.3.1, p.3.2, p.3.3, t.3],
    ].map { $0.map(Double.init) }
    let count = isShifting ? 4 : 2
    // A little of the identity, so that a blank picture has an answer: none.
    for i in 0..<count { rows[i][i] += 1 + Double(fit.count) * (i == 1 ? 0.001 : 0.1) }
    for i in 0..<count {
      guard rows[i][i] > 1e-9 else { return nil }
      for j in 0..<count where j != i {
        let factor = rows[j][i] / rows[i][i]
        for k in i..<5 { rows[j][k] -= factor * rows[i][k] }
      }
    }
    var answer = [0.0, 0, 0, 0]
    for i in 0..<count { answer[i] = rows[i][4] / rows[i][i] }
    return answer
  }
}
