import CScenes
import Frames
import Motion
import TestDice
import TestFetching
import TestScenes
import Testing

private let photographs = Fetched.folder("photographs")

/// A detector that looks at a scene at 30 pictures a second.
struct Lookout {
  let detector = MotionDetector()
  var time: UInt64 = 1_000_000_000

  mutating func look(_ picture: GreyPicture, frame: FrameSize = Scene.size) -> MotionFinding {
    time += 33_333_333
    return detector.look(at: picture, frame: frame, time: time)
  }

  /// - Returns: how many of the pictures showed motion.
  mutating func watch(
    _ scene: inout Scene, _ count: Int, _ view: scene_view = Scene.plain,
    with patches: [Scene.Patch] = []
  ) -> Int {
    var moving = 0
    for _ in 0..<count where look(scene.grey(view, with: patches)).isMotion { moving += 1 }
    return moving
  }
}

extension Scene.Patch {
  func isIn(_ finding: MotionFinding) -> Bool {
    finding.boxes.contains { touches(x: $0.x, y: $0.y, width: $0.width, height: $0.height) }
  }
}

@Suite(.enabled("photographs can be fetched") { photographs != nil }, .timeLimit(.minutes(5)))
struct DetectorTests {
  /// A photograph with noise, and another one, of which things come into it.
  private func scenes(_ name: String, _ deviation: Float) throws -> (Scene, Scene) {
    let folder = try #require(photographs)
    return (
      try Scene(name, in: folder, deviation: deviation),
      try Scene(name == "china" ? "flower" : "china", in: folder, deviation: deviation)
    )
  }

  @Test(arguments: [("china", 2 as Float), ("china", 6), ("flower", 2), ("flower", 6)])
  func `What is 12 pixels wide or more is found in its first picture, and noise is not`(
    name: String, deviation: Float
  ) throws {
    var (scene, other) = try scenes(name, deviation)
    var dice = Dice(seed: 12)
    var lookout = Lookout()
    #expect(lookout.watch(&scene, 60) == 0, "noise was taken for motion")
    for number in 0..<50 {
      let width = number < 25 ? 12 : Int.random(in: 12...60, using: &dice)
      let height = number < 25 ? 12 : Int.random(in: 12...60, using: &dice)
      let patch = scene.patch(width, height, of: other, contrast: 25, &dice)
      let finding = lookout.look(scene.grey(with: [patch]))
      #expect(patch.isIn(finding), "\(width)x\(height)+\(patch.x)+\(patch.y) is not in \(finding)")
      #expect(finding.share < 0.03, "\(finding)")
      #expect(lookout.watch(&scene, 2) == 0, "what has gone was taken for motion")
    }
  }

  static let lights: [scene_view] = {
    var lights = [scene_view](repeating: Scene.plain, count: 5)
    lights[0].gain = 1.3
    lights[1].gain = 0.6
    lights[2].offset = 20
    // A lamp that goes on in a corner, and one that goes out.
    (lights[3].lamp, lights[3].lamp_x, lights[3].lamp_y, lights[3].lamp_radius) = (
      0.8, 240, 160, 240
    )
    (lights[4].lamp, lights[4].lamp_x, lights[4].lamp_y, lights[4].lamp_radius) = (
      -0.6, 1040, 560, 160
    )
    return lights
  }()

  @Test(arguments: ["china", "flower"], lights.indices)
  func `Other light is no motion`(name: String, light: Int) throws {
    var (scene, other) = try scenes(name, 4)
    var dice = Dice(seed: 5)
    var lookout = Lookout()
    _ = lookout.watch(&scene, 60)
    #expect(lookout.watch(&scene, 5, Self.lights[light]) == 0)
    // And nothing is missed in it.
    let patch = scene.patch(24, 24, of: other, contrast: 60, &dice)
    #expect(patch.isIn(lookout.look(scene.grey(Self.lights[light], with: [patch]))))
    #expect(lookout.watch(&scene, 2, Self.lights[light]) == 0)
    #expect(lookout.watch(&scene, 5) == 0, "the light is as it was again")
  }

  @Test(arguments: ["china", "flower"], [2 as Float, 7])
  func `A camera that shakes by some pixels shows motion in hardly a picture, and still what moves`(
    name: String, pixels: Float
  ) throws {
    var (scene, other) = try scenes(name, 4)
    var dice = Dice(seed: 3)
    var lookout = Lookout()
    _ = lookout.watch(&scene, 60)
    var falselyMoving = 0
    for number in 0..<40 {
      var view = Scene.plain
      view.dx = Float.random(in: -pixels...pixels, using: &dice)
      view.dy = Float.random(in: -pixels...pixels, using: &dice)
      let finding = lookout.look(scene.grey(view))
      if finding.isMotion { falselyMoving += 1 }
      guard number % 8 == 7 else { continue }
      let patch = scene.patch(64, 96, of: other, contrast: 60, &dice)
      #expect(patch.isIn(lookout.look(scene.grey(view, with: [patch]))))
      _ = lookout.watch(&scene, 3)
    }
    #expect(falselyMoving <= 1)
  }

  @Test func `What was put down is part of the scene after ten seconds, and moves when it goes`()
    throws
  {
    var (scene, other) = try scenes("flower", 3)
    var dice = Dice(seed: 8)
    var lookout = Lookout()
    _ = lookout.watch(&scene, 60)
    let patch = scene.patch(80, 60, of: other, contrast: 50, &dice)
    #expect(lookout.watch(&scene, 240, with: [patch]) == 240, "it has stood for eight seconds")
    _ = lookout.watch(&scene, 120, with: [patch])
    #expect(lookout.watch(&scene, 30, with: [patch]) == 0, "it has stood for twelve seconds")
    #expect(patch.isIn(lookout.look(scene.grey())))
  }

  @Test func `Boxes lie around what moves, and are one where they are near`() throws {
    var (scene, _) = try scenes("flower", 3)
    var lookout = Lookout()
    _ = lookout.watch(&scene, 60)
    func bright(_ x: Int, _ y: Int, _ width: Int, _ height: Int) -> Scene.Patch {
      Scene.Patch(
        x: x, y: y, width: width, height: height,
        pixels: [UInt8](repeating: 250, count: width * height))
    }
    let finding = lookout.look(
      scene.grey(with: [
        bright(80, 80, 40, 80), bright(132, 80, 20, 80), bright(1240, 640, 40, 80),
      ]))
    let boxes = [
      MotionBox(x: 80, y: 80, width: 72, height: 80),
      MotionBox(x: 1240, y: 640, width: 40, height: 80),
    ]
    #expect(finding.boxes == boxes)
    #expect(abs(finding.share - 8000 / Double(1280 * 720)) < 0.002)
  }
}

struct OddPictureTests {
  @Test(arguments: [(1, 1), (2, 3), (1, 200), (300, 1), (5, 5), (4096, 2)])
  func `Pictures of any size are looked at`(width: Int, height: Int) {
    var lookout = Lookout()
    var dice = Dice(seed: 1)
    var picture = GreyPicture(size: FrameSize(width: width, height: height))
    let frame = FrameSize(width: width * 8, height: height * 8)
    for number in 0..<40 {
      for index in picture.pixels.indices {
        picture.pixels[index] =
          number % 3 == 0 ? UInt8.random(in: 0...255, using: &dice) : UInt8(number)
      }
      let finding = lookout.look(picture, frame: frame)
      #expect(
        finding.boxes.allSatisfy {
          $0.x >= 0 && $0.y >= 0 && $0.width > 0 && $0.height > 0
            && $0.x + $0.width <= frame.width && $0.y + $0.height <= frame.height
        })
      #expect((0...1).contains(finding.share))
    }
  }

  @Test func `What is too large to be kept is taken for motion`() {
    var lookout = Lookout()
    let picture = GreyPicture(size: FrameSize(width: 5000, height: 1))
    let frame = FrameSize(width: 40_000, height: 8)
    for _ in 0..<3 {
      #expect(
        lookout.look(picture, frame: frame).boxes == [
          MotionBox(x: 0, y: 0, width: 40_000, height: 8)
        ])
    }
  }

  @Test func `A picture of another size begins anew`() {
    var lookout = Lookout()
    var picture = GreyPicture(size: FrameSize(width: 40, height: 30))
    _ = lookout.look(picture)
    picture = GreyPicture(size: FrameSize(width: 80, height: 60))
    for index in picture.pixels.indices { picture.pixels[index] = 200 }
    #expect(!lookout.look(picture).isMotion)
    picture.pixels[40 * 80 + 40] = 20
    #expect(lookout.look(picture).isMotion)
  }
}
