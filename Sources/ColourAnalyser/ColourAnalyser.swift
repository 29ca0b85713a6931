package import Analysis
import Colours
import Documents
import Frames
import Imaging
import Keys

/// Clusters the colours of a camera's pictures.
package final class ColourAnalyser: Analyser {
  package typealias Options = ColourOptions

  package static let outputs = [
    AnalyserOutput("metrics", topic: "metrics", type: "vedette.colours.v1", .document),
    AnalyserOutput("clustered", topic: "clustered", type: "vedette.clustered.v1", .copy),
  ]
  package static let rows = [AnalyserRow("palette", title: "", empty: .swatches([]))]
  package static let commands = [SilhouetteWork.command]
  package static let failure = "colours are not clustered"

  /// Colours of a palette that are sent, at most.
  private static let sentMax = 256
  /// Those that are shown, at most.
  private static let shownMax = 12

  private var clusterer = ColourClusterer()
  private var paintingCap: RateCap?
  private var quality = 80
  private var painted: [UInt8] = []

  package init() {}

  package func adopt(_ options: ColourOptions, quality: Int) {
    clusterer.settings = ColourSettings(options)
    paintingCap = options.clusteredRate.map { RateCap(rate: $0) }
    self.quality = quality
  }

  package func look(
    at picture: DecodedPicture, with tools: AnalysisTools, into report: inout AnalysisReport
  ) throws {
    let (size, pixels) = try picture.rgb
    let stop = tools.stop
    clusterer.isCancelled = { stop.isSet }
    let colours = try faulting { () throws(ColoursError) in
      try clusterer.cluster(rgb: pixels.span, width: size.width, height: size.height)
    }
    report.records.append(AnalyserRecord("metrics", .json(members(of: colours))))
    report.rows["palette"] = .swatches(
      colours.colours.sorted { $0.share > $1.share }.prefix(Self.shownMax).map {
        AnalyserRow.Swatch(rgb: $0.rgb.hex, share: $0.share)
      })
    guard paintingCap?.admits(picture.published.time.monotonic) == true else { return }
    try faulting { () throws(ColoursError) in
      try clusterer.paint(
        rgb: pixels.span, width: size.width, height: size.height, into: &painted)
    }
    let jpeg = try tools.encoder.jpeg(ofRGB: painted, size, quality: quality)
    report.records.append(AnalyserRecord("clustered", .jpeg(jpeg, size)))
  }

  private func faulting<Result>(
    _ body: () throws(ColoursError) -> Result
  ) throws(AnalyserFault) -> Result {
    do throws(ColoursError) {
      return try body()
    } catch {
      throw AnalyserFault(error.code == .cancelled ? .cancelled : .passing, "\(error)")
    }
  }

  private func members(of colours: Clustering) -> [(String, JSON)] {
    [
      ("count", .integer(colours.count)), ("lambda", .rounded(colours.lambda)),
      ("objective", .rounded(colours.objective)), ("sse", .rounded(colours.sse)),
      ("farthest", .rounded(colours.farthest)), ("iterations", .integer(colours.iterations)),
      ("milliseconds", .rounded(colours.milliseconds)),
      ("simplified_silhouette", .rounded(colours.simplifiedSilhouette)),
      (
        "colours",
        .array(
          colours.colours.prefix(Self.sentMax).map {
            .object([("rgb", .string($0.rgb.hex)), ("share", .rounded($0.share))])
          })
      ),
    ]
  }
}
