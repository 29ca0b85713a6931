package import Frames
package import Imaging

/// A picture that is decoded once for all who look at it, when the first one does. It lives in its worker's memory: it is
/// good until the worker takes up the next one, and nobody draws into it.
package final class DecodedPicture {
  package let published: PublishedPicture
  private let decoder: PictureDecoder
  private var decoded: Result<PlanarPicture, ImagingError>?
  private var converted: Result<FrameSize, ImagingError>?
  private var shrunk: Result<FrameSize, ImagingError>?

  init(_ published: PublishedPicture, by decoder: PictureDecoder) {
    self.published = published
    self.decoder = decoder
  }

  /// As planes of Y, Cb, Cr with the JPEG's own sampling.
  package var planes: PlanarPicture {
    get throws(ImagingError) {
      let result = decoded ?? decoder.planes(of: published.jpeg)
      decoded = result
      return try result.get()
    }
  }

  /// As packed RGB without padding, of the same pixels as if it were decoded to RGB.
  package var rgb: (size: FrameSize, pixels: [UInt8]) {
    get throws(ImagingError) {
      let planes = try planes
      let result = converted ?? decoder.convert(planes, of: published.jpeg)
      converted = result
      return (try result.get(), decoder.rgb)
    }
  }

  /// Small and grey, at an eighth of its width and height, with the size of the whole. Where nobody has had it decoded yet,
  /// the means of a JPEG's blocks alone are made pixels of, in half the time.
  package var grey: (frame: FrameSize, picture: GreyPicture) {
    get throws(ImagingError) {
      let result: Result<FrameSize, ImagingError>
      if let shrunk {
        result = shrunk
      } else if case .success(let planes) = decoded {
        result = .success(decoder.shrink(planes))
      } else {
        result = decoder.grey(of: published.jpeg)
      }
      shrunk = result
      return (try result.get(), decoder.grey)
    }
  }
}

/// What a worker decodes pictures with, and the memory that it decodes them into.
final class PictureDecoder {
  private let decoder: JPEGDecoder
  private let reader: GreyReader
  private var planes: PlanarPicture?
  private(set) var rgb: [UInt8] = []
  private(set) var grey = GreyPicture(size: FrameSize(width: 1, height: 1))
  /// How many pictures were decoded.
  private(set) var count = 0

  init() throws(ImagingError) {
    decoder = try JPEGDecoder()
    reader = try GreyReader()
  }

  func planes(of jpeg: PooledBytes) -> Result<PlanarPicture, ImagingError> {
    count += 1
    let old = planes
    return Result { () throws(ImagingError) in
      let picture = try jpeg.withSpan { bytes throws(ImagingError) in
        try decoder.planes(of: bytes, reusing: old)
      }
      planes = picture
      return picture
    }
  }

  /// Makes `rgb` of a picture.
  func convert(
    _ planes: PlanarPicture, of jpeg: PooledBytes
  ) -> Result<FrameSize, ImagingError> {
    Result { () throws(ImagingError) in
      if try planes.writeRGB(into: &rgb) { return planes.size }
      count += 1
      let (size, pixels) = try jpeg.withSpan { bytes throws(ImagingError) in
        try decoder.rgb(of: bytes)
      }
      rgb = pixels
      return size
    }
  }

  /// Makes `grey` of a JPEG.
  func grey(of jpeg: PooledBytes) -> Result<FrameSize, ImagingError> {
    count += 1
    return Result { () throws(ImagingError) in
      try jpeg.withSpan { bytes throws(ImagingError) in
        try reader.read(jpeg: bytes, into: &grey)
      }
    }
  }

  /// Makes `grey` of a picture that is decoded.
  func shrink(_ planes: PlanarPicture) -> FrameSize {
    reader.read(planes, into: &grey)
    return planes.size
  }
}
