import Colours
import Faces
import Foundation
import Frames
import Gallery
import Imaging
import Synchronization
import TestFetching
import Testing
import Threads

@testable import Analysis

/// One camera's pictures, without a thread.
@Suite struct CameraAnalysisTests {
  static let models = Fetched.folder("models")
  static let portraits = Fetched.folder("portraits")

  @Test(
    .enabled(if: models != nil && portraits != nil, "the package registry cannot be reached"))
  func `Who stands still is named once there is a gallery, and anew when it changes`() throws {
    let bytes = [UInt8](
      try Data(contentsOf: URL(fileURLWithPath: "\(try #require(Self.portraits))/obama2.jpg")))
    let jpeg = BytePool().take(capacity: bytes.count)
    jpeg.append(unsafe bytes.span.bytes)
    var plan = CameraPlan()
    plan.faces = FaceSettings()
    plan.match = MatchSettings()
    plan.annotates = false
    let camera = CameraAnalysis(plan)
    let worker = try AnalysisWorker(models: FaceModels(folder: try #require(Self.models)))
    var number: UInt64 = 0
    func look(_ people: GallerySnapshot?) throws -> FacesReport {
      number += 1
      let picture = PublishedPicture(
        jpeg: jpeg, size: FrameSize(width: 1, height: 1),
        time: FrameTime(monotonic: number * 1_000_000_000, wall: 0), sequence: number)
      let report = camera.analyse(picture, by: worker, people) { Issue.record("\($0)") }
      return try #require(report?.faces)
    }
    let first = try look(nil)
    let face = try #require(first.faces.first)
    #expect(first.work == .detected && first.faces.count == 1 && face.label == nil)
    let encoding = try Encoding(try #require(face.face.encoding))
    func gallery(_ name: String) throws -> GallerySnapshot {
      try .inMemory([
        GalleryEntry(
          name: try PersonName(name), model: try ModelName(FaceModels.encoderIdentity),
          encoding: encoding)
      ])
    }
    // Nothing moves, so nothing is searched or encoded again.
    let ada = try gallery("Ada")
    for name in [true, false] {
      let seen = try look(ada)
      #expect(seen.work == .unchanged && seen.isNews == name)
      #expect(seen.faces.first?.label?.text == "Ada")
    }
    let other = try look(try gallery("Grace"))
    #expect(other.isNews && other.faces.first?.label?.text == "Grace")
    #expect(try look(nil).faces.first?.label?.text == "Grace")
  }

  @Test(.enabled(if: portraits != nil, "the package registry cannot be reached"))
  func `A picture at which the agent ends is given up, and is no fault`() throws {
    let bytes = [UInt8](
      try Data(contentsOf: URL(fileURLWithPath: "\(try #require(Self.portraits))/obama2.jpg")))
    let jpeg = BytePool().take(capacity: bytes.count)
    jpeg.append(unsafe bytes.span.bytes)
    var faces = CameraPlan()
    faces.faces = FaceSettings()
    faces.faces?.encodes = false
    var colours = CameraPlan()
    colours.colours = ColourSettings(lambda: 30)
    for plan in [faces, colours] {
      let camera = CameraAnalysis(plan)
      let worker = try AnalysisWorker(models: FaceModels(folder: "/nowhere"))
      func look(_ number: UInt64) -> AnalysisReport? {
        let picture = PublishedPicture(
          jpeg: jpeg, size: FrameSize(width: 1, height: 1),
          time: FrameTime(monotonic: number * 1_000_000_000, wall: 0), sequence: number)
        return camera.analyse(picture, by: worker, nil) { Issue.record("\($0)") }
      }
      #expect(look(1) != nil)
      worker.stop.set()
      // A new camera of the same worker, so that nothing is known of the picture.
      let next = CameraAnalysis(plan)
      let picture = PublishedPicture(
        jpeg: jpeg, size: FrameSize(width: 1, height: 1),
        time: FrameTime(monotonic: 1, wall: 0), sequence: 1)
      #expect(next.analyse(picture, by: worker, nil) { Issue.record("\($0)") } == nil)
      #expect(next.meters.failed == 0)
    }
  }

  @Test func `A picture that is at hand when the pool is hurried is given up`() throws {
    let bytes = try Self.picture()
    let jpeg = BytePool().take(capacity: bytes.count)
    jpeg.append(unsafe bytes.span.bytes)
    var plan = CameraPlan()
    plan.faces = FaceSettings()
    plan.faces?.encodes = false
    func seen(isHurried: Bool) throws -> Int {
      let count = Mutex(0)
      let taken = EventSignal()
      let analysis = Analysis([plan], workers: 1, nice: 0, models: FaceModels(folder: "/nowhere"))
      try analysis.start(
        people: {
          // Asked when a worker has the picture.
          if isHurried { analysis.hurry() }
          taken.set()
          return nil
        }, report: { _, _, _ in count.withLock { $0 += 1 } },
        fail: { Issue.record("camera \($0): \($1)") })
      analysis.submit(
        PublishedPicture(
          jpeg: jpeg, size: FrameSize(width: 1, height: 1),
          time: FrameTime(monotonic: 1, wall: 0), sequence: 1), camera: 0)
      #expect(taken.wait(milliseconds: 60_000))
      // Ends once the worker is done.
      analysis.stop()
      return count.withLock { $0 }
    }
    #expect(try seen(isHurried: false) == 1)
    #expect(try seen(isHurried: true) == 0)
  }

  /// Looks for faces and colours, and for colours alone.
  /// - Returns: the two palettes, and how many pictures were decoded before the first and after each.
  private func palettes(_ bytes: [UInt8]) throws -> (colours: [[RGB]], decoded: [Int]) {
    let jpeg = BytePool().take(capacity: bytes.count)
    jpeg.append(unsafe bytes.span.bytes)
    var both = CameraPlan()
    both.faces = FaceSettings()
    both.faces?.encodes = false
    both.colours = ColourSettings(lambda: 30)
    var alone = both
    alone.faces = nil
    let worker = try AnalysisWorker(models: FaceModels(folder: "/nowhere"))
    var palettes: [[RGB]] = []
    var decoded = [worker.decodedCount]
    for plan in [both, alone] {
      let picture = PublishedPicture(
        jpeg: jpeg, size: FrameSize(width: 1, height: 1),
        time: FrameTime(monotonic: 1, wall: 0), sequence: 1)
      let camera = CameraAnalysis(plan)
      let report = camera.analyse(picture, by: worker, nil) { Issue.record("\($0)") }
      #expect((report?.annotated != nil) == (plan.faces != nil))
      palettes.append(try #require(report?.colours).colours.map(\.rgb))
      decoded.append(worker.decodedCount)
    }
    return (palettes, decoded)
  }

  @Test func `A picture in which faces and colours are looked for is decoded once`() throws {
    let (palettes, decoded) = try palettes(Self.picture())
    #expect(decoded == [0, 1, 2])
    #expect(palettes[0] == palettes[1])
  }

  @Test(.enabled(if: portraits != nil, "the package registry cannot be reached"))
  func `What is drawn around faces is not in the palette`() throws {
    let path = "\(try #require(Self.portraits))/obama2.jpg"
    let (palettes, _) = try palettes([UInt8](Data(contentsOf: URL(fileURLWithPath: path))))
    #expect(palettes[0] == palettes[1])
  }

  /// A small one, in which nobody is.
  private static func picture() throws -> [UInt8] {
    let size = FrameSize(width: 160, height: 120)
    let pixels = (0..<3 * size.width * size.height).map { UInt8(truncatingIfNeeded: $0 / 97 &* 7) }
    let frame = Frame(
      copying: [pixels], layout: FrameLayout(format: .rgb24, size: size, range: .full),
      time: FrameTime(monotonic: 0, wall: 0))
    let picture = try Compressor(options: PictureOptions(), pool: BytePool()).picture(of: frame)
    return unsafe picture.bytes.withUnsafeBytes { unsafe Array($0) }
  }
}
