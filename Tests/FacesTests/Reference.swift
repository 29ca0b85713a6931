import CDlibReference
import Faces
import Testing

/// dlib called plainly, without our code.
@safe
final class Reference {
  private let handle: OpaquePointer

  init() throws {
    let models = try #require(Portraits.models)
    unsafe handle = try #require(unsafe vr_new(models.folder))
  }

  deinit { unsafe vr_free(handle) }

  struct Face {
    var raw: vr_face
    var score: Double { raw.score }
    var box: FaceBox {
      FaceBox(
        x: Double(raw.left), y: Double(raw.top), width: Double(raw.right - raw.left + 1),
        height: Double(raw.bottom - raw.top + 1))
    }
  }

  func hog(
    _ pixels: [UInt8], _ image: TestImage, channels: Int, upsampling: Int, offset: Double = 0
  ) -> [Face] {
    var faces = [vr_face](repeating: vr_face(), count: 100)
    let count = unsafe vr_hog(
      handle, pixels, Int32(image.width), Int32(image.height), Int32(channels), Int32(upsampling),
      offset, &faces, 100)
    return faces.prefix(Int(max(0, count))).map { Face(raw: $0) }
  }

  func cnn(_ image: TestImage, upsampling: Int) -> [Face] {
    var faces = [vr_face](repeating: vr_face(), count: 100)
    let count = unsafe vr_cnn(
      handle, image.rgb, Int32(image.width), Int32(image.height), 3, Int32(upsampling), &faces, 100)
    return faces.prefix(Int(max(0, count))).map { Face(raw: $0) }
  }

  func encode(_ image: TestImage, _ face: Face) -> (points: [FacePoint], numbers: [Float]) {
    var points = [Double](repeating: 0, count: 10)
    var numbers = [Float](repeating: 0, count: 128)
    var raw = face.raw
    _ = unsafe vr_encode(
      handle, image.rgb, Int32(image.width), Int32(image.height), &raw, &points, &numbers)
    return (
      (0..<5).map { FacePoint(x: points[2 * $0], y: points[2 * $0 + 1]) }, numbers
    )
  }
}
