package import Analysis
import Frames
import Imaging
package import Keys

/// What is wanted of small pictures.
package struct ThumbnailOptions: AnalyserOptions {
  package var size = KeySize(width: 320, height: 180)
  package var rate: Double? = 0.5
  package init() {}

  package static let name = "thumbnails"
  package static let summary = "sends small pictures at a low rate"

  package static let keys: [Key<ThumbnailOptions>] = [
    .size("size", \.size, "at most, in the picture's own shape", most: 1920),
    .rate("rate", \.rate, "pictures sent per second, at most; off: all that time allows"),
  ]

  /// The size of a picture that is made small: never larger than it was.
  func size(of picture: FrameSize) -> FrameSize {
    let (width, height) = (min(size.width, picture.width), min(size.height, picture.height))
    // Compares width / height of both without division.
    return picture.width * height > width * picture.height
      ? FrameSize(width: width, height: max(1, width * picture.height / picture.width))
      : FrameSize(width: max(1, height * picture.width / picture.height), height: height)
  }
}

/// Makes pictures small.
package final class ThumbnailAnalyser: Analyser {
  package typealias Options = ThumbnailOptions

  package static let outputs = [
    AnalyserOutput("thumbnails", topic: "thumbnails", type: "vedette.thumbnail.v1", .copy)
  ]
  package static let failure = "thumbnails are not made"

  private var options = ThumbnailOptions()
  private var quality = 80
  private var small: PlanarPicture?

  package init() {}

  package func adopt(_ options: ThumbnailOptions, quality: Int) {
    self.options = options
    self.quality = quality
  }

  package func look(
    at picture: DecodedPicture, with tools: AnalysisTools, into report: inout AnalysisReport
  ) throws {
    let planes = try picture.planes
    let size = options.size(of: planes.size)
    let target: PlanarPicture
    if let small, small.size == size {
      target = small
    } else {
      target = PlanarPicture(size: size, chroma: .yuv420)
      small = target
    }
    planes.scale(into: target, fit: .stretch)
    report.records = [
      AnalyserRecord(
        "thumbnails", .jpeg(try tools.encoder.jpeg(of: target, quality: quality), size))
    ]
  }
}
