import CPosix
import Colours
import Glibc
import Threads

/// Clusters raw RGB for tools/bench: one JSON object a line, a run or, with `warm`, a frame that is clustered anew
/// and from the frame before.
@main @safe
struct ColoursBench {
  static let usage = "cold|warm|silhouette FILE WIDTH HEIGHT LAMBDA histogram|exact|COUNT RUNS"

  let width: Int
  let height: Int
  let settings: ColourSettings
  let file: UnsafeMutablePointer<FILE>
  var frame: [UInt8]

  static func main() {
    let words = CommandLine.arguments
    guard words.count == 8, let width = Int(words[3]), let height = Int(words[4]),
      let lambda = Double(words[5]), let runs = Int(words[7])
    else { fail(usage) }
    guard let file = unsafe fopen(words[2], "rb") else { fail("\(words[2]) cannot be opened") }
    let coreset: ColourSettings.Coreset =
      switch words[6] {
      case "histogram": .histogram
      case "exact": .exact
      default: .sample(size: Int(words[6]) ?? 1000, seed: 1)
      }
    var bench = unsafe ColoursBench(
      width: width, height: height, settings: ColourSettings(lambda: lambda, coreset: coreset),
      file: file, frame: [UInt8](repeating: 0, count: 3 * width * height))
    do {
      switch words[1] {
      case "cold": try bench.cold(runs)
      case "warm": try bench.warm(runs)
      case "silhouette": try bench.silhouette(threads: runs)
      default: fail(usage)
      }
    } catch { fail("\(error)") }
  }

  static func fail(_ sentence: String) -> Never {
    print("coloursbench: \(sentence)")
    exit(64)
  }

  mutating func next() -> Bool { unsafe fread(&frame, 1, frame.count, file) == frame.count }

  mutating func cold(_ runs: Int) throws {
    guard next() else { Self.fail("the file is too short") }
    let clusterer = ColourClusterer(settings: settings)
    for _ in 0..<runs {
      clusterer.reset()
      print("{\(try run(clusterer))}")
    }
  }

  mutating func warm(_ runs: Int) throws {
    let (cold, warm) = (ColourClusterer(settings: settings), ColourClusterer(settings: settings))
    for _ in 0..<runs where next() {
      cold.reset()
      print("{\"cold\":{\(try run(cold))},\"warm\":{\(try run(warm))}}")
    }
  }

  /// The three silhouettes, with the centres that they are of; RUNS is the number of threads.
  mutating func silhouette(threads: Int) throws {
    guard next() else { Self.fail("the file is too short") }
    let clusterer = ColourClusterer(settings: settings)
    _ = try run(clusterer)
    let colours = try clusterer.labelled(rgb: frame.span, width: width, height: height)
    let start = Clock.monotonic
    let exact = try Silhouette.exact(colours, threads: threads)
    let milliseconds = Double(Clock.monotonic - start) / 1e6
    print(
      "{\"colours\":\(colours.points.count),\"exact\":\(exact.mean),\"ms\":\(milliseconds),"
        + "\"squared\":\(Silhouette.squared(colours).mean),"
        + "\"simplified\":\(Silhouette.simplified(colours).mean),"
        + "\"centres\":\(colours.centres.map { [$0.x, $0.y, $0.z] })}")
  }

  private func run(_ clusterer: ColourClusterer) throws -> String {
    let start = processorMilliseconds
    let clustering = try clusterer.cluster(rgb: frame.span, width: width, height: height)
    let processor = processorMilliseconds - start
    return
      "\"k\":\(clustering.count),\"sse\":\(clustering.sse),\"objective\":\(clustering.objective),"
      + "\"farthest\":\(clustering.farthest),\"iterations\":\(clustering.iterations),"
      + "\"ms\":\(clustering.milliseconds),\"processor_ms\":\(processor),"
      + "\"simplified\":\(clustering.simplifiedSilhouette)"
  }

  private var processorMilliseconds: Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
  }
}
