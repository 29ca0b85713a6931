import Colours
import Control
import Documents
import Frames
import Imaging

/// `colours.silhouette`: the exact silhouette of a picture, which takes time by the square of its colours. Bounded before
/// it begins, and ended within a moment where the node ends.
enum SilhouetteWork {
  /// Distinct colours; half a million take minutes on a small processor.
  static let coloursMax = 1 << 19
  /// Of the decoded picture.
  static let pixelCountMax = 16 << 20
  /// What the sums may take, in bytes.
  static let sumsBytesMax = 64 << 20

  static func run(
    _ camera: String, _ jpeg: PooledBytes, lambda: Double, isStopping: () -> Bool
  ) throws(CommandFailure) -> [String: JSON] {
    guard ControlCommand.silhouetteLambda.contains(lambda) else {
      throw CommandFailure(
        "lambda is \(lambda); a silhouette takes \(ControlCommand.silhouetteLambda.lowerBound) or more"
      )
    }
    let (size, pixels): (FrameSize, [UInt8])
    do {
      (size, pixels) = try jpeg.withSpan { bytes throws(ImagingError) in
        try JPEGDecoder().rgb(of: bytes)
      }
    } catch {
      throw CommandFailure("\(error)")
    }
    return try measure(camera, size, pixels, lambda: lambda, isStopping: isStopping)
  }

  static func measure(
    _ camera: String, _ size: FrameSize, _ pixels: [UInt8], lambda: Double, isStopping: () -> Bool
  ) throws(CommandFailure) -> [String: JSON] {
    guard size.width * size.height <= pixelCountMax else {
      throw CommandFailure(
        "the picture is \(size); \(pixelCountMax >> 20) megapixels are the most for a silhouette")
    }
    let count = DistinctColours.count(pixels.span)
    guard count <= coloursMax else {
      throw CommandFailure(
        "the picture has \(count) colours; \(coloursMax) are the most for a silhouette: scale the camera's pictures down"
      )
    }
    do {
      return try withoutActuallyEscaping(isStopping) { isStopping in
        try facts(camera, size, pixels, lambda: lambda, isStopping: isStopping)
      }
    } catch {
      let isInterrupted = (error as? ColoursError)?.code == .cancelled
      throw CommandFailure("\(error)", isInterrupted: isInterrupted)
    }
  }

  private static func facts(
    _ camera: String, _ size: FrameSize, _ pixels: [UInt8], lambda: Double,
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
      "camera": .string(camera), "silhouette": .number(exact.mean),
      "simplified_silhouette": .number(found.simplifiedSilhouette),
      "colours": .number(Double(found.count)), "lambda": .number(found.lambda),
    ]
  }
}
