import Agent
import ArgumentParser
import Colours
import Documents
import Frames
import Glibc

/// Finds the colours of a picture.
struct ColoursCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "colours",
    abstract: "Finds the colours of a picture: as many as lambda asks for.",
    discussion: """
      Examples:
        vedette colours photograph.jpg
        vedette colours photograph.jpg --lambda 20 --silhouette --diagram knives.svg -o painted.jpg
      """)

  @Argument(help: "A JPEG or PNG.")
  var image: String

  @Option(help: "How far a colour must be from every cluster to found a new one: 0 to 1000.")
  var lambda = ColourSettings.lambdaDefault

  @Option(help: "Cluster a sample of that many colours instead of all; labels stay exact.")
  var coreset: Int?

  @Option(help: "Draws another sample for each number.")
  var seed: UInt64 = 1

  @Flag(help: "Cluster a histogram, as the agent does on live frames.")
  var live = false

  @Flag(help: "Measure distances in CIELAB instead of RGB.")
  var lab = false

  @Flag(help: "The exact Euclidean silhouette of all pixels.")
  var silhouette = false

  @Option(help: "Threads for the silhouette; default: one for each processor.")
  var threads: Int?

  @Option(help: "Draw the silhouettes of all clusters into this SVG file.")
  var diagram: String?

  @Option(name: .shortAndLong, help: "Write the picture in its clusters' colours to this JPEG.")
  var output: String?

  @Flag(help: "One JSON object.")
  var json = false

  private static let name = "vedette colours"

  func validate() throws {
    if live, coreset != nil { throw ValidationError("--live and --coreset cannot go together") }
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1") }
    if let coreset, coreset < 1 { throw ValidationError("--coreset must be at least 1") }
    guard lambda >= 0, lambda <= ColourSettings.lambdaMax else {
      throw ValidationError("--lambda must be from 0 to \(Int(ColourSettings.lambdaMax))")
    }
  }

  func run() throws {
    let picture = try PictureFile(image, command: Self.name)
    do {
      try run(picture)
    } catch let error as ColoursError {
      ConfigurationCheck.tell("\(Self.name): \(image): \(error)")
      throw ExitCode(ExitStatus.dataError)
    }
  }

  private func run(_ picture: PictureFile) throws {
    // What was needed to find them is given back before the picture is written: it is as much again.
    let (clustering, score, painted) = try find(in: picture)
    if let output { try picture.write(painted, to: output, command: Self.name) }
    if json {
      print(try line(clustering, score).line)
    } else {
      Swift.print(PaletteView(clustering, silhouette: score?.mean).text)
      if let theory = try theory(clustering.count) { print(theory) }
    }
  }

  /// - Returns: `painted` is empty where nobody asked for it.
  private func find(
    in picture: PictureFile
  ) throws -> (clustering: Clustering, score: Silhouette?, painted: [UInt8]) {
    let (width, height) = (picture.size.width, picture.size.height)
    var settings = ColourSettings(lambda: lambda, coreset: live ? .histogram : .exact)
    if let coreset { settings.coreset = .sample(size: coreset, seed: seed) }
    if lab { settings.space = .lab }
    let clusterer = ColourClusterer(settings: settings)
    let clustering = try clusterer.cluster(rgb: picture.pixels.span, width: width, height: height)
    var score: Silhouette?
    if silhouette || diagram != nil {
      let colours = try clusterer.labelled(
        rgb: picture.pixels.span, width: width, height: height)
      let bar = ProgressBar("silhouette of \(colours.points.count) colours")
      defer { bar.clear() }
      let exact = try Silhouette.exact(colours, threads: threads ?? processors) {
        bar.show($0)
        return true
      }
      score = exact
      if let diagram {
        let drawn = SilhouetteDiagram(
          title: "Silhouette of \(image.split(separator: "/").last ?? "picture")", colours: colours,
          silhouette: exact, palette: clusterer.palette)
        try PictureFile.write(Array(drawn.svg.utf8), to: diagram, command: Self.name)
      }
    }
    var painted: [UInt8] = []
    if output != nil {
      try clusterer.paint(
        rgb: picture.pixels.span, width: width, height: height, into: &painted)
    }
    return (clustering, score, painted)
  }

  private var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  private static let (delta, epsilon) = (0.05, 0.1)

  /// What size of coreset the analysis asks for.
  private func theory(_ clusters: Int) throws -> String? {
    guard let coreset else { return nil }
    let size = try Coreset.size(clusters: clusters, delta: Self.delta, epsilon: Self.epsilon)
    return
      "coreset of \(coreset); for costs within \(Int(Self.epsilon * 100)) % but for \(Int(Self.delta * 100)) % of draws the analysis asks for the order of \(size)"
  }

  private func line(_ clustering: Clustering, _ silhouette: Silhouette?) throws -> JSON {
    var members: [(String, JSON)] = [
      ("file", .string(image)), ("count", .integer(clustering.count)),
      ("sse", .rounded(clustering.sse)), ("objective", .rounded(clustering.objective)),
      ("farthest", .rounded(clustering.farthest)),
      ("iterations", .integer(clustering.iterations)),
      ("milliseconds", .rounded(clustering.milliseconds)),
      (
        "colours",
        .array(
          clustering.colours.map { colour in
            .object([
              (
                "rgb",
                .array(
                  [colour.rgb.red, colour.rgb.green, colour.rgb.blue].map { .integer(Int($0)) })
              ),
              ("share", .number(colour.share)), ("pixels", .integer(colour.pixels)),
            ])
          })
      ),
      ("simplified_silhouette", .number(clustering.simplifiedSilhouette)),
    ]
    if let silhouette { members.append(("silhouette", .number(silhouette.mean))) }
    if let coreset {
      let size = try Coreset.size(
        clusters: clustering.count, delta: Self.delta, epsilon: Self.epsilon)
      members.append(("coreset", .integer(coreset)))
      members.append(("coreset_by_analysis", .integer(size)))
    }
    return .object(members)
  }
}
