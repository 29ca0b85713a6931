import Foundation
import Frames
import Testing

@testable import Capture

/// Just enough of a JPEG for its markers to be walked.
enum JPEGs {
  static func picture(
    width: Int = 16, height: Int = 8, salt: UInt8 = 0, hasThumbnail: Bool = false
  ) -> [UInt8] {
    var bytes: [UInt8] = [0xFF, 0xD8]
    if hasThumbnail {
      let inner = picture()
      bytes += [0xFF, 0xE1, 0, UInt8(inner.count + 2)] + inner
    }
    bytes += [0xFF, 0xC0, 0, 11, 8, UInt8(height >> 8), UInt8(height & 255)]
    bytes += [UInt8(width >> 8), UInt8(width & 255), 1, 1, 0x11, 0]
    bytes += [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0]
    // A stuffed byte and a restart marker, which end nothing.
    bytes += [salt, 1, 0xFF, 0x00, 2, 0xFF, 0xD0, 3, salt]
    return bytes + [0xFF, 0xD9]
  }
}

@Suite final class JPEGSplitTests {
  private let path =
    FileManager.default.temporaryDirectory.path + "/vedette-\(UUID().uuidString).mjpeg"

  deinit { try? FileManager.default.removeItem(atPath: path) }

  private func file(_ bytes: [UInt8]) throws -> FileBytes {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return try FileBytes.read(path, count: bytes.count)
  }

  @Test func `A picture's size is that of its frame header, not of its thumbnail`() throws {
    let picture = JPEGs.picture(width: 640, height: 480, hasThumbnail: true)
    #expect(JPEGFiles.size(of: try file(picture)) == FrameSize(width: 640, height: 480))
    #expect(JPEGFiles.size(of: try file([0xFF, 0xD8, 0xFF, 0xD9])) == nil)
    #expect(JPEGFiles.size(of: try file([])) == nil)
  }

  @Test func `Large films are cut as small ones are`() throws {
    let long = JPEGs.picture(hasThumbnail: true)
    let film = (0..<30_000).flatMap { _ in long }
    let whole = try file(film)
    let ranges = try JPEGFiles.split(FileWindow(path, film.count))
    #expect(ranges.count == 30_000)
    #expect(try ranges == JPEGFiles.split(whole))
  }

  @Test func `However many pictures are cut off, those behind them are found`() throws {
    let cut = [[UInt8]](repeating: JPEGs.picture().dropLast(2), count: 100).flatMap { $0 }
    let film = cut + JPEGs.picture()
    #expect(try JPEGFiles.split(try file(film)) == [cut.count..<film.count])
  }

  @Test(arguments: [0x00, 0x01, 0xD0, 0xD3, 0xD7, 0xFF] as [UInt8])
  func `A picture ends with its EOI, whatever stands before that`(second: UInt8) throws {
    let picture: [UInt8] = JPEGs.picture().dropLast(2) + [0xFF, second, 0xFF, 0xD9]
    let film = picture + picture
    #expect(
      try JPEGFiles.split(try file(film)) == [0..<picture.count, picture.count..<film.count])
  }

  @Test func `A picture that has lost its frame header does not get the size of the next`() throws {
    let scan = JPEGs.picture().drop { $0 != 0xDA }.dropLast(2)
    let bytes = [0xFF, 0xD8, 0xFF] + scan + JPEGs.picture(width: 640, height: 480)
    #expect(JPEGFiles.size(of: try file(bytes)) == nil)
  }

  @Test(arguments: 0..<300)
  func `No bytes make the cutter fail, and what it finds are pictures in order`(seed: Int) throws {
    var random = SplitMix(state: UInt64(seed))
    var film: [UInt8] = []
    for _ in 0..<Int.random(in: 0...6, using: &random) {
      film += JPEGs.picture(hasThumbnail: .random(using: &random))
      film += (0..<Int.random(in: 0...4, using: &random)).map { _ in
        [0, 0xFF, 0xD8, 0xD9].randomElement(using: &random) ?? 0
      }
    }
    for _ in 0..<Int.random(in: 0...8, using: &random) where !film.isEmpty {
      let at = Int.random(in: film.indices, using: &random)
      switch Int.random(in: 0..<3, using: &random) {
      case 0: film[at] = .random(in: 0...255, using: &random)
      case 1: film.remove(at: at)
      default: film.insert(0xFF, at: at)
      }
    }
    let bytes = try file(film)
    var end = 0
    for range in try JPEGFiles.split(bytes) {
      #expect(range.lowerBound >= end)
      #expect(range.upperBound <= film.count)
      #expect(film[range].starts(with: [0xFF, 0xD8]))
      #expect(film[range].suffix(2) == [0xFF, 0xD9])
      end = range.upperBound
      _ = JPEGFiles.size(of: bytes.part(range))
    }
  }

  private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }
}
