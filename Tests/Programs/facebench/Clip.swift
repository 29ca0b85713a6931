import Faces
import Frames
import Imaging

/// RGB without padding.
struct Still {
  var size: FrameSize
  var rgb: [UInt8]

  var luma: [UInt8] { UprightPicture(size: size, rgb: rgb, originalSize: size).luma }

  /// No detector of upright faces finds one in it.
  var upsideDown: Still {
    let row = size.width * 3
    return Still(
      size: size,
      rgb: (0..<size.height).reversed().flatMap { rgb[$0 * row..<($0 + 1) * row] })
  }

  /// The colour at a place, between the pixels around it.
  private func sample(_ x: Double, _ y: Double, _ channel: Int) -> Double {
    let left = max(0, min(size.width - 1, Int(x)))
    let top = max(0, min(size.height - 1, Int(y)))
    let right = min(size.width - 1, left + 1)
    let bottom = min(size.height - 1, top + 1)
    let (fx, fy) = (x - Double(left), y - Double(top))
    let at = { (x: Int, y: Int) in Double(rgb[(y * size.width + x) * 3 + channel]) }
    let upper = at(left, top) * (1 - fx) + at(right, top) * fx
    let lower = at(left, bottom) * (1 - fx) + at(right, bottom) * fx
    return upper * (1 - fy) + lower * fy
  }

  /// Made smaller, at first by whole numbers and means, to lie within `most`.
  func fitted(_ most: FrameSize) -> Still {
    let factor = max(
      1, min(size.width / most.width, size.height / most.height),
      max(size.width / (2 * most.width), size.height / (2 * most.height)))
    var half = Still(
      size: FrameSize(width: size.width / factor, height: size.height / factor), rgb: [])
    half.rgb.reserveCapacity(half.size.width * half.size.height * 3)
    for y in 0..<half.size.height {
      for x in 0..<half.size.width {
        for c in 0..<3 {
          var sum = 0
          for dy in 0..<factor {
            for dx in 0..<factor {
              sum += Int(rgb[((y * factor + dy) * size.width + x * factor + dx) * 3 + c])
            }
          }
          half.rgb.append(UInt8(sum / (factor * factor)))
        }
      }
    }
    let scale = min(
      1, Double(most.width) / Double(half.size.width),
      Double(most.height) / Double(half.size.height))
    guard scale < 1 else { return half }
    var fitted = Still(
      size: FrameSize(
        width: Int(Double(half.size.width) * scale), height: Int(Double(half.size.height) * scale)),
      rgb: [])
    fitted.rgb = [UInt8](repeating: 0, count: fitted.size.width * fitted.size.height * 3)
    fitted.paste(half, x: 0, y: 0, scale: scale)
    return fitted
  }

  /// Draws `other`, `scale` times as large, with its corner at x, y.
  mutating func paste(_ other: Still, x: Double, y: Double, scale: Double) {
    let left = max(0, Int(x.rounded(.up)))
    let top = max(0, Int(y.rounded(.up)))
    let right = min(size.width, Int(x + Double(other.size.width) * scale))
    let bottom = min(size.height, Int(y + Double(other.size.height) * scale))
    guard left < right, top < bottom else { return }
    for row in top..<bottom {
      for column in left..<right {
        let (sx, sy) = ((Double(column) - x) / scale, (Double(row) - y) / scale)
        for c in 0..<3 {
          rgb[(row * size.width + column) * 3 + c] = UInt8(other.sample(sx, sy, c))
        }
      }
    }
  }
}

/// A made-up video: portraits that wander over a background and come nearer and go, seen by a noisy camera, and
/// where their faces are in each picture.
struct Clip {
  static let size = FrameSize(width: 640, height: 480)

  struct Actor {
    var portrait: Still
    /// In pixels of the portrait.
    var face: FaceBox
  }

  let actors: [Actor]
  /// Pictures of each hundred in which nobody moves.
  let stillOfHundred: Int
  private let background: Still

  init(actors: [Actor], background: Still, stillOfHundred: Int) {
    self.actors = actors
    self.stillOfHundred = stillOfHundred
    var canvas = Still(
      size: Self.size, rgb: [UInt8](repeating: 120, count: Self.size.width * Self.size.height * 3))
    canvas.paste(background, x: 0, y: 0, scale: 1)
    self.background = canvas
  }

  func frame(_ index: Int, noise: inout Noise) -> (still: Still, faces: [FaceBox]) {
    // Time stands still in the last pictures of each hundred.
    let moving = 100 - stillOfHundred
    let time = Double(index / 100 * moving + min(index % 100, moving))
    var canvas = background
    var faces: [FaceBox] = []
    for (number, actor) in actors.enumerated() {
      let phase = time / 45 + Double(number) * 2.1
      let scale = 1 + 0.15 * wave(phase * 0.7)
      let room = Double(Self.size.width) / Double(actors.count)
      let x = room * Double(number) + 20 + 50 * wave(phase)
      let y = 40 + 30 * wave(phase * 1.3 + 1)
      canvas.paste(actor.portrait, x: x, y: y, scale: scale)
      faces.append(actor.face.scaled(by: scale).moved(x: x, y: y))
    }
    noise.add(to: &canvas.rgb)
    return (canvas, faces)
  }

  /// From -1 to 1 and back in 4, without the mathematics library.
  private func wave(_ time: Double) -> Double {
    let part = (time / 4 - (time / 4).rounded(.down)) * 4
    let line = part < 2 ? part - 1 : 3 - part
    return line * (1.5 - 0.5 * line * line)
  }
}

/// The same noise in every run: a shift register's.
struct Noise {
  private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

  mutating func add(to pixels: inout [UInt8]) {
    for index in pixels.indices {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      pixels[index] = UInt8(clamping: Int(pixels[index]) + Int(state >> 40 & 7) - 3)
    }
  }
}
