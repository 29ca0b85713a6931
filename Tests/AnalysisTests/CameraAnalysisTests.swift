import Colours
import Faces
import Foundation
import Frames
import Gallery
import TestFetching
import Testing

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
}
