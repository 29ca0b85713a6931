import Logging
import Foundation
import Frames
import Meters
import Testing

@testable import Capture

/// Pictures from files, as a user without a camera plays them.
@Suite final class ReplayTests {
  private let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.path + "/vedette-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func write(_ name: String, _ bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
  }

  private func play(_ request: ReplayRequest) throws -> Bench { try Bench(.replay(request)) }

  private func bytes(_ bench: Bench) -> [[UInt8]] { bench.sink.taken.map { $0.planes[0] } }

  @Test func `A folder is played in the order of its names, in a loop`() async throws {
    let pictures = (0..<3).map { JPEGs.picture(width: 16 + $0, height: 8, salt: UInt8($0)) }
    try write("b.jpg", pictures[1])
    try write("a.jpeg", pictures[0])
    try write("c.JPG", pictures[2])
    try write("notes.txt", [1, 2, 3])
    let bench = try play(ReplayRequest(path: folder, rate: 200))
    defer { bench.end() }
    try await eventually { bench.sink.taken.count >= 7 }
    #expect(bytes(bench).prefix(7) == (0..<7).map { pictures[$0 % 3] }[...])
    // Each picture has a size of its own, and every change is told before.
    #expect(
      bench.sink.layouts.prefix(4).map(\.size)
        == [16, 17, 18, 16].map { FrameSize(width: $0, height: 8) })
    #expect(bench.sink.taken[0].layout.range == .full)
    #expect(bench.meters.current.state == .streaming)
    let numbers = bench.sink.taken.map { Int($0.sequence) }
    #expect(numbers.last == numbers.count - 1 + bench.meters.current.lostByDriver)
  }

  @Test func `A film of JPEGs is cut at its pictures, thumbnails and all, and played once`()
    async throws
  {
    let pictures = (0..<5).map { JPEGs.picture(salt: UInt8($0), hasThumbnail: $0 % 2 == 0) }
    try write("film.mjpeg", [0, 0, 9] + pictures.joined(separator: [0, 0, 0xFF]) + [0, 0])
    let bench = try play(ReplayRequest(path: "\(folder)/film.mjpeg", rate: 200, loop: false))
    defer { bench.end() }
    try await eventually { bench.meters.current.state == .ended }
    #expect(bytes(bench) == pictures)
    bench.end()
    #expect(bench.meters.current.state == .ended)
  }

  @Test func `A picture cut off in a film is left out, and its neighbours are not`() async throws {
    let pictures = (0..<3).map { JPEGs.picture(salt: UInt8($0)) }
    let cut = pictures[1].dropLast(9)
    try write("film.mjpeg", pictures[0] + cut + pictures[2] + pictures[1].prefix(30))
    let bench = try play(ReplayRequest(path: "\(folder)/film.mjpeg", rate: 200, loop: false))
    defer { bench.end() }
    try await eventually { bench.meters.current.state == .ended }
    #expect(bytes(bench) == [pictures[0], pictures[2]])
  }

  @Test func `A single picture is a film of one`() async throws {
    try write("one.jpg", JPEGs.picture())
    let bench = try play(ReplayRequest(path: "\(folder)/one.jpg", rate: 200))
    defer { bench.end() }
    try await eventually { bench.sink.taken.count >= 3 }
    #expect(Set(bytes(bench)) == [JPEGs.picture()])
    #expect(bench.sink.layouts.count == 1)
  }

  @Test(arguments: PixelFormat.allCases.filter { !$0.isCompressed })
  func `Raw frames come with the planes of their format`(format: PixelFormat) async throws {
    let layout = FrameLayout(format: format, size: FrameSize(width: 6, height: 4))
    let count = layout.packedByteCount
    let film = (0..<count * 3).map { UInt8(truncatingIfNeeded: $0 * 7) }
    try write("film.raw", film)
    let bench = try play(
      ReplayRequest(
        path: "\(folder)/film.raw", format: format, size: layout.size, rate: 200, loop: false,
        range: .full))
    defer { bench.end() }
    try await eventually { bench.meters.current.state == .ended }
    #expect(bench.sink.taken.count == 3)
    for (index, frame) in bench.sink.taken.enumerated() {
      #expect(frame.layout.range == .full)
      for (plane, offset) in layout.contiguousOffsets.enumerated() {
        let start = index * count + offset
        let length = layout.byteCount(plane: plane)
        #expect(frame.planes[plane].prefix(length) == film[start..<start + length])
      }
    }
  }

  @Test func `The rate holds over time, and a late pipeline gets no burst`() async throws {
    try write("one.jpg", JPEGs.picture())
    let bench = try play(ReplayRequest(path: "\(folder)/one.jpg", rate: 100))
    try await eventually { bench.meters.current.measuredRate > 0 }
    bench.end()
    let taken = bench.sink.taken
    let lost = bench.meters.current.lostByDriver
    let first = try #require(taken.first)
    let last = try #require(taken.last)
    // Numbers and time go together, whatever the machine did meanwhile: no drift, no burst.
    let seconds = Double(last.time.monotonic - first.time.monotonic) / 1e9
    #expect(abs(seconds - Double(last.sequence - first.sequence) / 100) < 0.5)
    #expect(Int(last.sequence) == taken.count - 1 + lost)
  }

  struct Wrong: CustomTestStringConvertible, Sendable {
    var files: [String: [UInt8]]
    var path: String
    var format: PixelFormat?
    var state: CameraState
    var words: String
    var testDescription: String { words }
  }

  static let wrong = [
    Wrong(files: [:], path: "", state: .failed, words: "holds no picture; put .jpg files there"),
    Wrong(files: ["a.txt": [1]], path: "", state: .failed, words: "holds no picture; put .jpg"),
    Wrong(
      files: [:], path: "/none", state: .noDevice, words: "which is to be replayed, is not there"),
    Wrong(files: ["e": []], path: "/e", state: .failed, words: "/e is empty"),
    Wrong(files: ["t": [1, 2, 3, 4]], path: "/t", state: .failed, words: "holds no JPEG"),
    Wrong(
      files: ["a.jpg": [1, 2, 3, 4], "b.jpg": [0xFF, 0xD8]], path: "", state: .failed,
      words: "holds no picture that is a JPEG"),
    Wrong(
      files: ["raw": [UInt8](repeating: 0, count: 33)], path: "/raw", format: .yuyv, state: .failed,
      words: "has 33 bytes, which is no whole number of yuyv frames of 4x2 (16 bytes each)"),
    Wrong(
      files: [:], path: "", format: .yuyv, state: .failed,
      words: "raw frames are played from one file"),
  ]

  @Test(arguments: wrong)
  func `What cannot be played is explained, once, and awaited`(wrong: Wrong) async throws {
    for (name, bytes) in wrong.files { try write(name, bytes) }
    let bench = try play(
      ReplayRequest(
        path: folder + wrong.path, format: wrong.format,
        size: wrong.format.map { _ in FrameSize(width: 4, height: 2) }, rate: 200))
    defer { bench.end() }
    try await eventually { bench.meters.current.detail != nil }
    #expect(bench.meters.current.state == wrong.state)
    #expect(bench.meters.current.detail?.contains(wrong.words) == true)
    #expect(bench.meters.current.detail?.contains(folder) == true)
    #expect(bench.log.from(.error).count == 1)
  }

  @Test func `A folder that fills later plays then`() async throws {
    let bench = try play(ReplayRequest(path: folder, rate: 200))
    defer { bench.end() }
    try await eventually { bench.meters.current.state == .failed }
    try write("a.jpg", JPEGs.picture())
    try await eventually { bench.sink.taken.count >= 2 }
    #expect(bench.meters.current.detail == nil)
    #expect(bench.meters.current.reopened == 1)
  }

  @Test func `A file among the pictures that is none is counted and named once`() async throws {
    try write("a.jpg", JPEGs.picture())
    try write("b.jpg", [9, 9, 9])
    let bench = try play(ReplayRequest(path: folder, rate: 200))
    defer { bench.end() }
    try await eventually { bench.sink.taken.count >= 3 }
    bench.end()
    let counts = bench.meters.ledger.snapshot
    #expect(counts.dropped(.corrupt) >= 2 && counts.inPipeline == bench.sink.taken.count)
    #expect(counts.isBalanced)
    #expect(bench.log.from(.warning) == ["\(folder)/b.jpg is no JPEG and is left out"])
  }

  @Test(arguments: [0, -1, .nan, .infinity] as [Double])
  func `A rate that is none is refused`(rate: Double) async throws {
    try write("a.jpg", JPEGs.picture())
    let bench = try play(ReplayRequest(path: folder, rate: rate))
    defer { bench.end() }
    try await eventually { bench.meters.current.state == .failed }
    #expect(bench.meters.current.detail?.contains("is no rate to replay at") == true)
  }

  @Test func `Stop is heard within a slow replay`() async throws {
    try write("a.jpg", JPEGs.picture())
    let bench = try play(ReplayRequest(path: folder, rate: 0.01))
    // Then it waits for the time of the next picture, which is far off.
    try await eventually { bench.sink.taken.count == 1 }
    let time = ContinuousClock().measure { bench.end() }
    #expect(time < .seconds(20))
  }
}
