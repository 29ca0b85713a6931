import Analysis
import Colours
import Documents
import Frames
import Imaging
import Keys

/// `colours.silhouette`: the exact silhouette of a picture, which takes time by the square of its colours. Bounded before
/// it begins, and ended within a moment where the node ends.
enum SilhouetteWork {
  /// Below it nearly each colour is a cluster: that has no silhouette, and takes all of a box's memory.
  static let lambdaRange = 1.0...1000.0
  /// Distinct colours; half a million take minutes on a small processor.
  static let coloursMax = 1 << 19
  /// Of the decoded picture.
  static let pixelCountMax = 16 << 20
  /// What the sums may take, in bytes.
  static let sumsBytesMax = 64 << 20

  static let command = PictureCommand(
    "colours.silhouette", [PictureCommand.Argument("lambda", lambdaRange)]
  ) { (jpeg, arguments, options, isStopping) throws(AnalyserFault) in
    let configured = options?.as(ColourOptions.self)?.lambda
    return try run(
      jpeg, lambda: arguments["lambda"] ?? configured ?? ColourSettings.lambdaDefault,
      isStopping: isStopping)
  }

  static func run(
    _ jpeg: PooledBytes, lambda: Double, isStopping: () -> Bool
  ) throws(AnalyserFault) -> [String: JSON] {
    guard lambdaRange.contains(lambda) else {
      throw AnalyserFault(
        .passing, "lambda is \(lambda); a silhouette takes \(lambdaRange.lowerBound) or more")
    }
    let (size, pixels): (FrameSize, [UInt8])
    do {
      (size, pixels) = try jpeg.withSpan { bytes throws(ImagingError) in
        try JPEGDecoder().rgb(of: bytes)
      }
    } catch {
      throw AnalyserFault(.passing, "\(error)")
    }
    return try measure(size, pixels, lambda: lambda, isStopping: isStopping)
  }

  static func measure(
    _ size: FrameSize, _ pixels: [UInt8], lambda: Double, isStopping: () -> Bool
  ) throws(AnalyserFault) -> [String: JSON] {
    guard size.width * size.height <= pixelCountMax else {
      throw AnalyserFault(
        .passing,
        "the picture is \(size); \(pixelCountMax >> 20) megapixels are the most for a silhouette")
    }
    let count = DistinctColours.count(pixels.span)
    guard count <= coloursMax else {
      throw AnalyserFault(
        .passing,
        "the picture has \(count) colours; \(coloursMax) are the most for a silhouette: scale the camera's pictures down"
      )
    }
    do {
      return try withoutActuallyEscaping(isStopping) { isStopping in
        try facts(size, pixels, lambda: lambda, isStopping: isStopping)
      }
    } catch {
      let isCancelled = (error as? ColoursError)?.code == .cancelled
      throw AnalyserFault(isCancelled ? .cancelled : .passing, "\(error)")
    }
  }

  private static func facts(
    _ size: FrameSize, _ pixels: [UInt8], lambda: Double,
    isStopping: @escaping () -> Bool
  ) throws -> [String: JSON] {
    let clusterer = ColourClusterer(settings: ColourSettings(lambda: lambda, coreset: .exact))
    clusterer.isCancelled = isStopping
    defer { clusterer.isCancelled = { false } }
    let found = try clusterer.cluster(rgb: pixels.span, width: size.width, height: size.height)
    let colours = try clusterer.labelled(rgb: pixels.span, width: size.width, height: size.height)
    let exact = try Silhouette.exact(colours, threads: 1, bytesMax: sumsBytesMax) { _ in
      !isStopping()
    }
    return [
      "silhouette": .number(exact.mean),
      "simplified_silhouette": .number(found.simplifiedSilhouette),
      "colours": .number(Double(found.count)), "lambda": .number(found.lambda),
    ]
  }
}
