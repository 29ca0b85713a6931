import ArgumentParser
import CPosix
import CScenes
import Frames
import Glibc
import Imaging
import Motion
import TestDice
import TestScenes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Looks for motion in made-up scenes and says how long it took and what was found, for `tools/bench motion`. Times are
/// processor time of this thread, in microseconds.
@main
struct MotionBench: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "motionbench")

  @Argument(help: "The folder of photographs.") var folder: String
  @Option(help: "The scene: china or flower.") var scene = "china"
  @Option(help: "Where the small pictures are written, one after the other, for others to look at.")
  var pictures: String?
  @Option(help: "The seed of the dice.") var seed: UInt64 = 1

  /// Pictures before the first movement, and between two.
  private static let still = 90
  private static let pause = 9
  private static let planted = 50
  private static let turns = 300

  func run() throws {
    var scene = try Scene(self.scene, in: folder, deviation: 4, seed: seed)
    let other = try Scene(self.scene == "china" ? "flower" : "china", in: folder, deviation: 4)
    var dice = Dice(seed: seed)
    var made: [GreyPicture] = []
    var patches: [(picture: Int, patch: Scene.Patch)] = []
    for _ in 0..<Self.still { made.append(scene.grey()) }
    for number in 0..<Self.planted {
      let side = number < Self.planted / 2 ? 12 : Int.random(in: 12...96, using: &dice)
      let patch = scene.patch(side, side, of: other, contrast: 20, &dice)
      patches.append((made.count, patch))
      made.append(scene.grey(with: [patch]))
      for _ in 0..<Self.pause { made.append(scene.grey()) }
    }
    if let pictures {
      try Data(made.flatMap(\.pixels)).write(to: URL(filePath: pictures))
    }

    let detector = MotionDetector()
    var time: UInt64 = 1
    var findings: [MotionFinding] = []
    let whole = Self.microseconds {
      for picture in made {
        time += 33_333_333
        findings.append(detector.look(at: picture, frame: Scene.size, time: time))
      }
    }
    let found = patches.count { picture, patch in
      findings[picture].boxes.contains {
        patch.touches(x: $0.x, y: $0.y, width: $0.width, height: $0.height)
      }
    }
    let moving = Set(patches.map(\.picture))
    let isFalse = findings.indices.count { !moving.contains($0) && findings[$0].isMotion }

    // Something large that goes through the scene all the time.
    let walker = scene.patch(120, 320, of: other, contrast: 30, &dice)
    let walk = (0..<30).map { step in
      var patch = walker
      patch.x = 100 + step * 30
      return scene.grey(with: [patch])
    }
    let walking = Self.microseconds {
      for turn in 0..<Self.turns {
        time += 33_333_333
        _ = detector.look(at: walk[turn % walk.count], frame: Scene.size, time: time)
      }
    }
    let (jpeg, jpegBytes, raw) = try decoding(&scene)
    let places = patches.map { "[\($0.picture),\($0.patch.x),\($0.patch.y),\($0.patch.width)]" }
    print(
      """
      {"pictures":\(made.count),"planted":[\(places.joined(separator: ","))],"found":\(found),\
      "false":\(isFalse),"look_us":\(whole / Double(made.count)),\
      "walk_us":\(walking / Double(Self.turns)),"jpeg_us":\(jpeg),"jpeg_bytes":\(jpegBytes),"raw_us":\(raw)}
      """)
  }

  /// Of one frame, as a camera's JPEG and as YUYV.
  private func decoding(_ scene: inout Scene) throws -> (Double, Int, Double) {
    let layout = FrameLayout(format: .yuyv, size: Scene.size)
    var bytes: [UInt8] = []
    for (index, luma) in scene.picture().enumerated() {
      let tint = (Int(luma) - 128) / 4
      bytes.append(UInt8(16 + Int(luma) * 219 / 255))
      bytes.append(UInt8(index % 2 == 0 ? 128 + tint : 128 - tint))
    }
    let frame = Frame(copying: [bytes], layout: layout, time: FrameTime(monotonic: 0, wall: 0))
    var options = PictureOptions()
    options.quality = 85
    let jpeg = try Compressor(options: options, pool: BytePool()).picture(of: frame).bytes
    let reader = try GreyReader()
    var grey = GreyPicture(size: FrameSize(width: 1, height: 1))
    var failure: ImagingError?
    let fromJPEG = Self.microseconds {
      for _ in 0..<Self.turns {
        do throws(ImagingError) {
          _ = try jpeg.withSpan { jpeg throws(ImagingError) in
            try reader.read(jpeg: jpeg, into: &grey)
          }
        } catch {
          failure = error
        }
      }
    }
    if let failure { throw failure }
    let fromRaw = Self.microseconds {
      for _ in 0..<Self.turns { _ = reader.read(frame, masks: [], into: &grey) }
    }
    return (fromJPEG / Double(Self.turns), jpeg.count, fromRaw / Double(Self.turns))
  }

  private static func microseconds(_ body: () -> Void) -> Double {
    func now() -> Double {
      var time = timespec()
      unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
    }
    let began = now()
    body()
    return now() - began
  }
}
