import Foundation
import Frames
import Imaging
import Testing

/// What `vedette colours` takes of memory: a decoded picture, two bytes a pixel to sort them, and the distinct colours.
@Suite struct ColoursMemoryTests {
  /// A picture with many colours, as a photograph has them.
  private func jpeg(_ size: FrameSize) throws -> [UInt8] {
    var pixels = [UInt8](repeating: 0, count: 3 * size.width * size.height)
    var noise: UInt32 = 1
    for y in 0..<size.height {
      for x in 0..<size.width {
        noise = noise &* 1_664_525 &+ 1_013_904_223
        let at = 3 * (y * size.width + x)
        let spread = Int(noise >> 28)
        pixels[at] = UInt8(truncatingIfNeeded: x / 16 + spread)
        pixels[at + 1] = UInt8(truncatingIfNeeded: y / 16 + spread)
        pixels[at + 2] = UInt8(truncatingIfNeeded: (x + y) / 32 + spread)
      }
    }
    let frame = Frame(
      copying: [pixels], layout: FrameLayout(format: .rgb24, size: size, range: .full),
      time: FrameTime(monotonic: 0, wall: 0))
    let picture = try Compressor(options: PictureOptions(), pool: BytePool()).picture(of: frame)
    return unsafe picture.bytes.withUnsafeBytes { unsafe Array($0) }
  }

  /// The most bytes of memory that the program had at once.
  private func peak(_ arguments: [String]) throws -> Int {
    let program = try Program("vedette", ["colours"] + arguments)
    var peak = 0
    while program.process.isRunning {
      let status = try? String(
        contentsOfFile: "/proc/\(program.process.processIdentifier)/status", encoding: .utf8)
      if let line = status?.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
        let kilobytes = Int(line.split(separator: " ").dropLast().last ?? "")
      {
        peak = max(peak, kilobytes << 10)
      }
      usleep(1000)
    }
    #expect(program.process.terminationStatus == 0, "\(program.log)")
    return peak
  }

  @Test(arguments: [[], ["-o"], ["--live", "-o"], ["--lab"]])
  func `A pixel costs twelve bytes at the most`(options: [String]) throws {
    let folder = try Folder()
    let size = FrameSize(width: 2048, height: 1536)
    let small = try folder.write("small.jpg", try jpeg(FrameSize(width: 16, height: 16)))
    let large = try folder.write("large.jpg", try jpeg(size))
    let words = options.last == "-o" ? options + [folder.path + "/out.jpg"] : options
    let base = try peak([small] + words)
    let bytes = try peak([large] + words) - base
    #expect(bytes > 3 * size.width * size.height)
    #expect(bytes <= 12 * size.width * size.height, "\(bytes / (size.width * size.height))")
  }
}
