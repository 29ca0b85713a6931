import CDlibReference
import Faces
import Frames

/// dlib called plainly, on RGB, as Python face_recognition calls it.
@safe
final class Peer {
  private let handle: OpaquePointer

  init?(models: String) {
    guard let handle = unsafe vr_new(models) else { return nil }
    unsafe self.handle = unsafe handle
  }

  deinit { unsafe vr_free(handle) }

  struct Face {
    var raw: vr_face
    var box: FaceBox {
      FaceBox(
        x: Double(raw.left), y: Double(raw.top), width: Double(raw.right - raw.left + 1),
        height: Double(raw.bottom - raw.top + 1))
    }
  }

  func detect(_ still: Still, upsampling: Int) -> [Face] {
    var faces = [vr_face](repeating: vr_face(), count: 200)
    let count = unsafe vr_hog(
      handle, still.rgb, Int32(still.size.width), Int32(still.size.height), 3, Int32(upsampling), 0,
      &faces, 200)
    return faces.prefix(Int(max(0, count))).map { Face(raw: $0) }
  }

  func encode(_ still: Still, _ face: Face) -> [Float] {
    var points = [Double](repeating: 0, count: 10)
    var numbers = [Float](repeating: 0, count: 128)
    var raw = face.raw
    _ = unsafe vr_encode(
      handle, still.rgb, Int32(still.size.width), Int32(still.size.height), &raw, &points, &numbers)
    return numbers
  }
}
