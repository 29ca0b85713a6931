import Colours
import Faces
import Frames
import Imaging

/// What one thread of the pool works with: codecs, and models of its own.
final class AnalysisWorker {
  let engine: FaceEngine
  let decoder: JPEGDecoder
  let encoder: PictureEncoder
  /// The picture that is worked at.
  private(set) var planes: PlanarPicture?

  /// What ends the work at a picture.
  let stop: FaceStop

  init(models: FaceModels, stop: FaceStop = FaceStop()) throws(ImagingError) {
    self.stop = stop
    engine = FaceEngine(models: models, stop: stop)
    decoder = try JPEGDecoder()
    encoder = try PictureEncoder(pool: BytePool())
  }

  /// Decodes a picture into memory that the next one is written over.
  func decode(_ jpeg: PooledBytes) throws(ImagingError) -> PlanarPicture {
    let old = planes
    let picture = try jpeg.withSpan { bytes throws(ImagingError) in
      try decoder.planes(of: bytes, reusing: old)
    }
    planes = picture
    return picture
  }
}
