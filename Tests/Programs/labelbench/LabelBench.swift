import ArgumentParser
import CPosix
import Frames
import Glibc
import Imaging
import Inference

/// Says what parts of pictures show, and how long that takes; for tools/bench labels.
@main
struct LabelBench: ParsableCommand {
  @Argument(help: "The network.") var model: String
  @Option(help: "Times that one picture is looked at; the median counts.") var runs = 0

  private struct Picture {
    var size: FrameSize
    var pixels: [UInt8]
  }

  /// Without --runs: for each line `X Y WIDTH HEIGHT PATH` of standard input, a line with a JSON list of the five surest
  /// classes, `[number, confidence]` each.
  func run() throws {
    let network = try Network(model: model)
    guard runs == 0 else { return try time(network) }
    var pictures: [String: Picture] = [:]
    while let line = readLine() {
      let words = line.split(separator: " ", maxSplits: 4)
      let numbers = words.prefix(4).compactMap { Double($0) }
      guard words.count == 5, numbers.count == 4 else {
        throw ValidationError("no crop: \(line)")
      }
      let path = String(words[4])
      let picture = try pictures[path] ?? load(path)
      pictures[path] = picture
      let box = PictureBox(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
      let labels = try unsafe network.labels(
        PreparedPicture(rgb: picture.pixels.span.bytes, size: picture.size, box: box, for: network),
        top: 5)
      let texts = labels.map { "[\($0.index), \($0.confidence)]" }
      print("[\(texts.joined(separator: ", "))]")
    }
  }

  private func load(_ path: String) throws -> Picture {
    let bytes = try [UInt8](contentsOf: path)
    let picture = try UprightPicture(decoding: bytes, by: JPEGDecoder(), within: .whole)
    return Picture(size: picture.size, pixels: picture.rgb)
  }

  private func time(_ network: Network) throws {
    let size = FrameSize(width: 1280, height: 720)
    let pixels = (0..<size.width * size.height * 3).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    var (preparing, running): ([Double], [Double]) = ([], [])
    for _ in 0..<runs {
      let began = Self.now()
      let picture = try unsafe PreparedPicture(
        rgb: pixels.span.bytes, size: size, for: network)
      let prepared = Self.now()
      _ = try network.confidences(picture)
      preparing.append(prepared - began)
      running.append(Self.now() - prepared)
    }
    let (run, prepare) = (Self.median(running), Self.median(preparing))
    print(
      """
      {"library": "\(network.library)", "run_ms": \(run), "prepare_720p_ms": \(prepare)}
      """)
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  /// Milliseconds that this thread has worked.
  private static func now() -> Double {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
  }
}

extension [UInt8] {
  fileprivate init(contentsOf path: String) throws {
    guard let file = unsafe fopen(path, "rb") else {
      throw ValidationError("\(path) cannot be read")
    }
    defer { unsafe fclose(file) }
    self = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe fread(&piece, 1, piece.count, file)
      guard count > 0 else { return }
      self += piece[..<count]
    }
  }
}
