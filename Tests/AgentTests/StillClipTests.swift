import Foundation
import Frames
import TestDice
import Testing

@testable import Agent
@testable import Imaging

/// Where `tools/clips` put videos; asked for by name, since they are fetched and take minutes.
private let clips = ProcessInfo.processInfo.environment["VEDETTE_CLIPS"]

/// Real videos, each begun by a time in which nothing moves: its first picture, with noise.
@Suite(.enabled("VEDETTE_CLIPS is set") { clips != nil }, .timeLimit(.minutes(20)))
struct StillClipTests {
  /// What has changed by so many levels, as the mean of so many pixels in width and height, is a movement.
  private static let contrast = 20
  private static let side = 12
  /// Of the noise, in levels.
  private static let deviation = 3.0
  private static let stillCount = 12_000

  private struct Clip {
    var jpegs: [Picture] = []
    var lumas: [[UInt8]] = []
    var size = FrameSize(width: 0, height: 0)
  }

  private func clip(_ name: String) throws -> Clip {
    let folder = "\(try #require(clips))/\(name)"
    let (decoder, pool) = (try JPEGDecoder(), BytePool())
    var clip = Clip()
    for file in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(file)")))
      let memory = pool.take(capacity: bytes.count)
      memory.append(unsafe bytes.span.bytes)
      let (size, luma) = try decoder.luma(of: unsafe bytes.span.bytes)
      clip.size = size
      clip.jpegs.append(Picture(bytes: memory, size: size))
      clip.lumas.append(luma)
    }
    return clip
  }

  /// A picture of the size with noise on it.
  private func noisy(_ luma: [UInt8], _ size: FrameSize, _ dice: inout Dice) throws -> Picture {
    let pixels = luma.map { pixel in
      // The sum of four is near enough to a normal distribution.
      let noise = (0..<4).reduce(0.0) { sum, _ in sum + Double.random(in: -1...1, using: &dice) }
      let value = Double(pixel) + noise * Self.deviation * 0.87
      return UInt8(min(255, max(0, value.rounded())))
    }
    let frame = Frame(
      copying: [pixels], layout: FrameLayout(format: .grey, size: size, range: .full),
      time: FrameTime(monotonic: 0, wall: 0))
    return try Compressor(options: PictureOptions(), pool: BytePool()).picture(of: frame)
  }

  /// Whether a square of a picture differs from the first picture's.
  private func hasMoved(_ luma: [UInt8], since first: [UInt8], _ size: FrameSize) -> Bool {
    for y in stride(from: 0, through: size.height - Self.side, by: Self.side) {
      for x in stride(from: 0, through: size.width - Self.side, by: Self.side) {
        var difference = 0
        for row in y..<y + Self.side {
          for at in row * size.width + x..<row * size.width + x + Self.side {
            difference += Int(luma[at]) - Int(first[at])
          }
        }
        if abs(difference) >= Self.contrast * Self.side * Self.side { return true }
      }
    }
    return false
  }

  @Test(arguments: ["bigbuckbunny", "bikes", "carphone_pristine"])
  func `Of a clip in a mostly still scene a tenth is sent, its first movement and what was before`(
    name: String
  ) throws {
    let clip = try clip(name)
    let first = try #require(clip.lumas.first)
    var dice = Dice(seed: 7)
    let still = try (0..<16).map { _ in try noisy(first, clip.size, &dice) }
    let moved = try #require(clip.lumas.firstIndex { hasMoved($0, since: first, clip.size) })
    let camera = try GatedCamera()
    for _ in 0..<Self.stillCount { camera.give(still[Int.random(in: still.indices, using: &dice)]) }
    let sentWhileStill = camera.published.count
    let begun = camera.count + moved
    for jpeg in clip.jpegs { camera.give(jpeg) }
    for _ in 0..<300 { camera.give(still[Int.random(in: still.indices, using: &dice)]) }
    camera.settle()
    camera.expectBalance()
    #expect(sentWhileStill <= Self.stillCount / 30 + 1, "nothing moved")
    let published = Set(camera.published)
    // In a car that drives it takes some pictures to tell motion from a shake.
    let before = name == "carphone_pristine" ? 40 : 60
    let missing = (begun - before...begun + 10).filter { !published.contains($0) }
    #expect(missing.isEmpty, "of the movement that began with \(moved)")
    let ratio = Double(camera.capturedBytes) / Double(camera.publishedBytes)
    print(
      "\(name): of \(camera.count) pictures \(camera.published.count) were sent, \(ratio) times fewer bytes"
    )
    #expect(ratio > 10)
  }
}
