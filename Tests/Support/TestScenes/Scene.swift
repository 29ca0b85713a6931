package import CScenes
package import Frames
import Imaging
package import TestDice

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One scene as a fixed camera sees it, picture after picture: a photograph, with the noise of a photograph. Luma alone.
package struct Scene {
  /// A part of another picture, put into the scene: what moves.
  package struct Patch: Sendable {
    package var x: Int
    package var y: Int
    package var width: Int
    package var height: Int
    package var pixels: [UInt8]

    package init(x: Int, y: Int, width: Int, height: Int, pixels: [UInt8]) {
      (self.x, self.y, self.width, self.height) = (x, y, width, height)
      self.pixels = pixels
    }

    package func touches(x: Int, y: Int, width: Int, height: Int) -> Bool {
      self.x < x + width && x < self.x + self.width && self.y < y + height
        && y < self.y + self.height
    }
  }

  package static let size = FrameSize(width: 1280, height: 720)
  /// What every scene is like unless told otherwise.
  package static let plain = scene_view(
    gain: 1, offset: 0, lamp: 0, lamp_x: 0, lamp_y: 0, lamp_radius: 1, dx: 0, dy: 0)
  private static let noiseCountMax = 1 << 18

  package let base: [UInt8]
  private let noise: [Int16]
  /// The noise's standard deviation in levels.
  package var deviation: Float
  private var dice: Dice

  /// - Parameters:
  ///   - photograph: a name in the folder that `tools/photographs` prints: `china` or `flower`.
  ///   - deviation: of the noise, in levels.
  package init(_ photograph: String, in folder: String, deviation: Float, seed: UInt64 = 1) throws {
    let file = try [UInt8](Data(contentsOf: URL(filePath: "\(folder)/\(photograph).jpg")))
    let (size, pixels) = try JPEGDecoder().luma(of: unsafe file.span.bytes)
    noise = unsafe [Int16](unsafeUninitializedCapacity: Self.noiseCountMax) { buffer, count in
      count = unsafe scene_noise(
        pixels, Int32(size.width), Int32(size.height), buffer.baseAddress, buffer.count)
    }
    base = unsafe [UInt8](unsafeUninitializedCapacity: Self.size.width * Self.size.height) {
      buffer, count in
      unsafe scene_scale(
        buffer.baseAddress, Int32(Self.size.width), Int32(Self.size.height), pixels,
        Int32(size.width), Int32(size.height))
      count = buffer.count
    }
    self.deviation = deviation
    dice = Dice(seed: seed)
  }

  /// The next picture.
  package mutating func picture(
    _ view: scene_view = Scene.plain, with patches: [Patch] = []
  ) -> [UInt8] {
    var scene = base
    for patch in patches {
      for row in 0..<patch.height {
        let at = (patch.y + row) * Self.size.width + patch.x
        scene.replaceSubrange(
          at..<at + patch.width,
          with: patch.pixels[row * patch.width..<(row + 1) * patch.width])
      }
    }
    let seed = dice.next()
    return unsafe [UInt8](unsafeUninitializedCapacity: scene.count) { buffer, count in
      unsafe scene_render(
        buffer.baseAddress, scene, Int32(Self.size.width), Int32(Self.size.height), view,
        deviation, noise, noise.count, seed)
      count = scene.count
    }
  }

  /// The next picture at an eighth.
  package mutating func grey(
    _ view: scene_view = Scene.plain, with patches: [Patch] = []
  ) -> GreyPicture {
    let picture = picture(view, with: patches)
    var small = GreyPicture(size: GreyPicture.size(ofFrame: Self.size))
    unsafe small.pixels.withUnsafeMutableBufferPointer { buffer in
      unsafe scene_shrink(
        buffer.baseAddress, picture, Int32(Self.size.width), Int32(Self.size.height))
    }
    return small
  }

  /// A piece of `other` in a place where its mean differs by `contrast` levels or more.
  package func patch(
    _ width: Int, _ height: Int, of other: Scene, contrast: Int, _ dice: inout Dice
  ) -> Patch {
    let stride = Self.size.width
    while true {
      let x = Int.random(in: 0...stride - width, using: &dice)
      let y = Int.random(in: 0...Self.size.height - height, using: &dice)
      let from =
        Int.random(in: 0...Self.size.height - height, using: &dice) * stride
        + Int.random(in: 0...stride - width, using: &dice)
      var pixels: [UInt8] = []
      var difference = 0
      for row in 0..<height {
        for column in 0..<width {
          let pixel = other.base[from + row * stride + column]
          pixels.append(pixel)
          difference += Int(pixel) - Int(base[(y + row) * stride + x + column])
        }
      }
      if abs(difference) >= contrast * width * height {
        return Patch(x: x, y: y, width: width, height: height, pixels: pixels)
      }
    }
  }
}
