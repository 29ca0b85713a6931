import Analysis
import Documents
import Foundation
import Frames
import Imaging
import Keys
import Testing

@testable import MotionAnalyser

/// Pictures of a room, in some of which a square is.
@Suite struct MotionAnalyserTests {
  private static let size = FrameSize(width: 320, height: 200)
  /// The part of a picture that a square of 32 pixels is.
  private static let squareShare = 0.016
  private static let began: Int64 = 1_700_000_000_000_000

  /// Told at a picture: its number, and the event.
  private struct Told {
    var number: Int
    var event: [String: Any]
    var state: String? { event["state"] as? String }
    var boxes: [[Int]]? { event["boxes"] as? [[Int]] }
    var share: Double? { event["share"] as? Double }
  }

  /// A camera of ten pictures a second.
  private final class Camera {
    let analyser = MotionAnalyser()
    let tools: AnalysisTools
    private let pool = BytePool()
    private(set) var count = 0
    private(set) var told: [Told] = []
    private(set) var movements = 0
    private(set) var row: [String] = []

    init(_ options: MotionOptions = MotionOptions()) throws {
      analyser.adopt(options, quality: 80)
      tools = try AnalysisTools(models: "/nowhere")
    }

    /// - Parameter square: its place; nil for none.
    func look(_ square: (x: Int, y: Int)?, side: Int = 32, size: FrameSize = size) throws {
      var pixels = (0..<size.width * size.height).map { UInt8(70 + $0 / 40 % 8 * 5) }
      if let square {
        for row in square.y..<square.y + side {
          for column in square.x..<square.x + side { pixels[row * size.width + column] = 220 }
        }
      }
      let frame = Frame(
        copying: [pixels], layout: FrameLayout(format: .grey, size: size, range: .full),
        time: FrameTime(monotonic: 0, wall: 0))
      let jpeg = try Compressor(options: PictureOptions(), pool: pool).picture(of: frame).bytes
      let number = count
      count += 1
      let picture = PublishedPicture(
        jpeg: jpeg, size: size,
        time: FrameTime(
          monotonic: UInt64(number + 1) * 100_000_000, wall: began + Int64(number) * 100_000),
        sequence: UInt64(number))
      let report = try analyser.look(at: tools.decoded(picture), with: tools)
      movements += report.counts["movements"] ?? 0
      if case .words(let words) = report.rows["motion"] { row = words }
      for record in report.records {
        #expect(record.output == "motion")
        guard case .json(let members) = record.body else { continue }
        let text = JSON.object(members).line
        let event = try JSONSerialization.jsonObject(with: Data(text.utf8))
        told.append(Told(number: number, event: event as? [String: Any] ?? [:]))
      }
    }

    func watch(_ count: Int) throws { for _ in 0..<count { try look(nil) } }
  }

  @Test func `What comes, goes elsewhere and is gone is told three times, with its place`() throws {
    let camera = try Camera()
    try camera.watch(30)
    #expect(camera.told.isEmpty && camera.row == ["still"] && camera.movements == 0)
    for step in 0..<12 { try camera.look((64 + step * 8, 96)) }
    #expect(camera.row.first?.hasPrefix("1 box, ") == true)
    try camera.watch(20)
    #expect(camera.told.map(\.number) == [30, 40, 51])
    #expect(camera.told.map(\.state) == ["began", "changed", "ended"])
    #expect(camera.told.map(\.boxes) == [[[64, 96, 32, 32]], [[144, 96, 32, 32]], []])
    #expect(camera.told.first?.share == Self.squareShare)
    #expect(camera.told.last?.share == 0)
    // All three are of one motion.
    #expect(
      camera.told.map { $0.event["since"] as? String }
        == Array(repeating: "2023-11-14T22:13:23.000000Z", count: 3))
    #expect(camera.movements == 1 && camera.row == ["still"])
    try camera.look((160, 64))
    #expect(camera.movements == 2)
    #expect(camera.told.last?.event["since"] as? String == "2023-11-14T22:13:26.200000Z")
  }

  @Test func `Outside the region nothing moves, and boxes within it are in pixels of the frame`()
    throws
  {
    var options = MotionOptions()
    options.region = KeyArea(x: 100, y: 60, width: 1000, height: 80)
    let camera = try Camera(options)
    try camera.watch(30)
    for place in [(0, 60), (200, 0), (200, 168)] { try camera.look(place) }
    #expect(camera.told.isEmpty)
    try camera.look((200, 96))
    #expect(camera.told.map(\.boxes) == [[[200, 96, 32, 32]]])
    #expect(camera.told.first?.share == Self.squareShare)
    // At the edge, what is beyond is not told.
    try camera.watch(20)
    try camera.look((200, 40))
    #expect(camera.told.last?.boxes == [[200, 56, 32, 16]])
  }

  @Test func `A region beside the picture is a fault that may pass`() throws {
    var options = MotionOptions()
    options.region = KeyArea(x: 320, y: 0, width: Int.max, height: 10)
    let camera = try Camera(options)
    let fault = #expect(throws: AnalyserFault.self) { try camera.look(nil) }
    #expect(fault?.kind == .passing)
    #expect(fault?.description.contains("is not within the picture of 320x200") == true)
    try camera.look(nil, size: FrameSize(width: 640, height: 200))
  }

  @Test func `Another region has another background`() throws {
    var options = MotionOptions()
    options.region = KeyArea(x: 0, y: 0, width: 160, height: 200)
    let camera = try Camera(options)
    try camera.watch(30)
    // The same size, but not the same place.
    options.region = KeyArea(x: 160, y: 0, width: 160, height: 200)
    camera.analyser.adopt(options, quality: 80)
    for _ in 0..<10 { try camera.look((200, 96)) }
    #expect(camera.told.isEmpty)
  }

  @Test func `A picture that is no JPEG is a fault`() throws {
    let camera = try Camera()
    let jpeg = BytePool().take(capacity: 64)
    jpeg.append(unsafe [UInt8](repeating: 7, count: 64).span.bytes)
    let picture = PublishedPicture(
      jpeg: jpeg, size: Self.size, time: FrameTime(monotonic: 1, wall: 1), sequence: 1)
    #expect(throws: (any Error).self) {
      try camera.analyser.look(at: camera.tools.decoded(picture), with: camera.tools)
    }
  }
}
