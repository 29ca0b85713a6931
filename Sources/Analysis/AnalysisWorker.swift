import Colours
import Faces
import Frames
import Imaging

/// What one thread of the pool works with: codecs, and models of its own.
final class AnalysisWorker {
  let engine: FaceEngine
  private let decoder: PictureDecoder
  let encoder: PictureEncoder
  private var canvas: PlanarPicture?

  /// What ends the work at a picture.
  let stop: FaceStop

  init(models: FaceModels, stop: FaceStop = FaceStop()) throws(ImagingError) {
    self.stop = stop
    engine = FaceEngine(models: models, stop: stop)
    decoder = try PictureDecoder()
    encoder = try PictureEncoder(pool: BytePool())
  }

  /// A picture that is decoded when somebody first looks at it. Good until the next one.
  func decoded(_ jpeg: PooledBytes) -> DecodedPicture { DecodedPicture(jpeg, by: decoder) }

  /// How many pictures were decoded.
  var decodedCount: Int { decoder.count }

  /// A copy of a picture to draw into, good until the next one.
  func canvas(_ planes: PlanarPicture) -> PlanarPicture {
    let copy = planes.copied(reusing: canvas)
    canvas = copy
    return copy
  }
}
