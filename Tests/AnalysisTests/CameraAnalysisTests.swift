import ColourAnalyser
import Documents
import FaceAnalyser
import Faces
import Foundation
import Frames
import Gallery
import Imaging
import Keys
import Synchronization
import TestFetching
import Testing
import Threads

@testable import Analysis

/// One camera's pictures, without a thread.
@Suite struct CameraAnalysisTests {
  static let models = Fetched.folder("models")
  static let portraits = Fetched.folder("portraits")
  private static let kinds = [AnalyserKind(FaceAnalyser.self), AnalyserKind(ColourAnalyser.self)]

  /// Looks for faces without models, but for the search itself, which needs none.
  private static var facesAlone: CameraPlan {
    var options = FaceOptions()
    options.identify = .off
    return plan(options)
  }

  private static func plan(_ options: some AnalyserOptions) -> CameraPlan {
    var plan = CameraPlan()
    plan.set(options)
    return plan
  }

  @Test(
    .enabled(if: models != nil && portraits != nil, "the package registry cannot be reached"))
  func `Who stands still is named once there is a gallery, and anew when it changes`() throws {
    let bytes = [UInt8](
      try Data(contentsOf: URL(fileURLWithPath: "\(try #require(Self.portraits))/obama2.jpg")))
    let jpeg = BytePool().take(capacity: bytes.count)
    jpeg.append(unsafe bytes.span.bytes)
    var options = FaceOptions()
    options.annotate = false
    let camera = CameraAnalysis(Self.plan(options), Self.kinds)
    let tools = try AnalysisTools(models: try #require(Self.models))
    var number: UInt64 = 0
    func look(_ people: GallerySnapshot?) throws -> AnalysisReport {
      number += 1
      let picture = PublishedPicture(
        jpeg: jpeg, size: FrameSize(width: 1, height: 1),
        time: FrameTime(monotonic: number * 1_000_000_000, wall: 0), sequence: number)
      tools.people = people
      return try #require(camera.analyse(picture, with: tools) { Issue.record("\($0)") })
    }
    let first = try look(nil)
    #expect(first.counts == ["faces": 1] && Self.people(first) == ["Unknown"])
    #expect(first.records.count == 1)
    let encoding = try Self.encoding(bytes, tools)
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
      #expect(seen.counts.isEmpty && seen.records.count == (name ? 1 : 0))
      #expect(Self.people(seen) == ["Ada"])
    }
    let other = try look(try gallery("Grace"))
    #expect(other.records.count == 1 && Self.people(other) == ["Grace"])
    #expect(Self.people(try look(nil)) == ["Grace"])
  }

  private static func people(_ report: AnalysisReport) -> [String]? {
    if case .words(let people) = report.rows["people"] { people } else { nil }
  }

  /// Of the face in a photograph.
  private static func encoding(_ jpeg: [UInt8], _ tools: AnalysisTools) throws -> Encoding {
    let engine = FaceEngine(models: FaceModels(folder: tools.models))
    let planes = try JPEGDecoder().planes(of: unsafe jpeg.span.bytes)
    let found = try planes.withLuma { luma, stride in
      try engine.analyse(luma: luma, PixelLayout(.luma, size: planes.size, stride: stride))
    }
    return try Encoding(try #require(found.faces.first?.encoding))
  }

  @Test(.enabled(if: portraits != nil, "the package registry cannot be reached"))
  func `A picture at which the agent ends is given up, and is no fault`() throws {
    let bytes = [UInt8](
      try Data(contentsOf: URL(fileURLWithPath: "\(try #require(Self.portraits))/obama2.jpg")))
    let jpeg = BytePool().take(capacity: bytes.count)
    jpeg.append(unsafe bytes.span.bytes)
    for plan in [Self.facesAlone, Self.plan(ColourOptions())] {
      let camera = CameraAnalysis(plan, Self.kinds)
      let tools = try AnalysisTools(models: "/nowhere")
      func look(_ number: UInt64) -> AnalysisReport? {
        let picture = PublishedPicture(
          jpeg: jpeg, size: FrameSize(width: 1, height: 1),
          time: FrameTime(monotonic: number * 1_000_000_000, wall: 0), sequence: number)
        return camera.analyse(picture, with: tools) { Issue.record("\($0)") }
      }
      #expect(look(1) != nil)
      tools.stop.set()
      // A new camera of the same worker, so that nothing is known of the picture.
      let next = CameraAnalysis(plan, Self.kinds)
      let picture = PublishedPicture(
        jpeg: jpeg, size: FrameSize(width: 1, height: 1),
        time: FrameTime(monotonic: 1, wall: 0), sequence: 1)
      #expect(next.analyse(picture, with: tools) { Issue.record("\($0)") } == nil)
      #expect(next.meters.failed == 0)
    }
  }

  @Test(
    .enabled(if: models != nil && portraits != nil, "the package registry cannot be reached"),
    arguments: [0, 1, 2, 3])
  func `Those models are needed that are declared, and no others`(_ which: Int) throws {
    var options = FaceOptions()
    switch which {
    case 0: break
    case 1: options.identify = .off
    case 2: (options.identify, options.chips) = (.off, .crop)
    default: (options.identify, options.detector) = (.off, .cnn)
    }
    let all = try #require(Self.models)
    let needed = FaceAnalyser.models(options).map(\.file)
    // With all of them, and without each.
    for missing in [nil] + needed.map(Optional.some) {
      let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("vedette-needed-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      for file in needed where file != missing {
        try FileManager.default.createSymbolicLink(
          atPath: folder.appendingPathComponent(file).path, withDestinationPath: "\(all)/\(file)")
      }
      let bytes = try Data(
        contentsOf: URL(fileURLWithPath: "\(try #require(Self.portraits))/obama2.jpg"))
      let jpeg = BytePool().take(capacity: bytes.count)
      jpeg.append(unsafe [UInt8](bytes).span.bytes)
      let camera = CameraAnalysis(Self.plan(options), Self.kinds)
      var faults: [String] = []
      _ = camera.analyse(
        PublishedPicture(
          jpeg: jpeg, size: FrameSize(width: 1, height: 1),
          time: FrameTime(monotonic: 1, wall: 0), sequence: 1),
        with: try AnalysisTools(models: folder.path)
      ) { faults.append($0.description) }
      #expect(faults.count == (missing == nil ? 0 : 1), "\(faults)")
      if let missing { #expect(faults.first?.contains(missing) == true) }
    }
  }

  @Test func `A picture that is at hand when the pool is hurried is given up`() throws {
    let bytes = try Self.picture()
    let jpeg = BytePool().take(capacity: bytes.count)
    jpeg.append(unsafe bytes.span.bytes)
    func seen(isHurried: Bool) throws -> Int {
      let count = Mutex(0)
      let taken = EventSignal()
      let analysis = Analysis(
        [Self.facesAlone], by: Self.kinds, workers: 1, nice: 0, models: "/nowhere")
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
  private func palettes(_ bytes: [UInt8]) throws -> (colours: [[String]], decoded: [Int]) {
    let jpeg = BytePool().take(capacity: bytes.count)
    jpeg.append(unsafe bytes.span.bytes)
    let alone = Self.plan(ColourOptions())
    var both = Self.facesAlone
    both.set(ColourOptions())
    let tools = try AnalysisTools(models: "/nowhere")
    var palettes: [[String]] = []
    var decoded = [tools.decodedCount]
    for plan in [both, alone] {
      let picture = PublishedPicture(
        jpeg: jpeg, size: FrameSize(width: 1, height: 1),
        time: FrameTime(monotonic: 1, wall: 0), sequence: 1)
      let camera = CameraAnalysis(plan, Self.kinds)
      let report = try #require(camera.analyse(picture, with: tools) { Issue.record("\($0)") })
      #expect(report.records.contains { $0.output == "annotated" } == (plan == both))
      guard case .swatches(let palette) = report.rows["palette"] else { continue }
      palettes.append(palette.map(\.rgb))
      decoded.append(tools.decodedCount)
    }
    return (palettes, decoded)
  }

  @Test func `A picture in which faces and colours are looked for is decoded once`() throws {
    let (palettes, decoded) = try palettes(Self.picture())
    #expect(decoded == [0, 1, 2])
    #expect(palettes[0] == palettes[1])
  }

  @Test func `A small grey picture is decoded by itself, or made of what is decoded already`()
    throws
  {
    let bytes = try Self.picture()
    let jpeg = BytePool().take(capacity: bytes.count)
    jpeg.append(unsafe bytes.span.bytes)
    let published = PublishedPicture(
      jpeg: jpeg, size: FrameSize(width: 1, height: 1),
      time: FrameTime(monotonic: 1, wall: 0), sequence: 1)
    let tools = try AnalysisTools(models: "/nowhere")
    var pictures: [GreyPicture] = []
    for isDecodedBefore in [false, true] {
      let picture = tools.decoded(published)
      if isDecodedBefore { _ = try picture.planes }
      let before = tools.decodedCount
      // However often it is asked for.
      for _ in 0..<2 {
        let (frame, grey) = try picture.grey
        #expect(frame == FrameSize(width: 160, height: 120))
        pictures.append(grey)
      }
      #expect(tools.decodedCount - before == (isDecodedBefore ? 0 : 1))
    }
    #expect(pictures.allSatisfy { $0.size == FrameSize(width: 20, height: 15) })
    #expect(zip(pictures[0].pixels, pictures[3].pixels).allSatisfy { abs(Int($0) - Int($1)) < 4 })
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
