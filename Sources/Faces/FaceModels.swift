import CChecksum
import Paths

/// The models' files in a folder, as `tools/models` puts them there.
package struct FaceModels: Equatable, Sendable {
  package enum File: CaseIterable, Sendable {
    case landmarks5
    /// Not for commercial use: the licence of what it was trained on forbids it.
    case landmarks68
    case encoder
    case cnnDetector

    package var name: String {
      switch self {
      case .landmarks5: "shape_predictor_5_face_landmarks.dat"
      case .landmarks68: "shape_predictor_68_face_landmarks.dat"
      case .encoder: "dlib_face_recognition_resnet_model_v1.dat"
      case .cnnDetector: "mmod_human_face_detector.dat"
      }
    }

    /// What it is for.
    package var use: String {
      switch self {
      case .landmarks5: "landmarks"
      case .landmarks68: "landmarks: 68"
      case .encoder: "the 128 numbers of a face"
      case .cnnDetector: "detector: cnn"
      }
    }

    package var licence: String {
      switch self {
      case .landmarks5, .encoder, .cnnDetector: "CC0"
      case .landmarks68: "not for commercial use"
      }
    }

    /// The command that fetches it, without a folder.
    package var source: String {
      self == .landmarks68 ? "tools/models --with-68" : "tools/models"
    }

    var byteCount: Int {
      switch self {
      case .landmarks5: 9_150_489
      case .landmarks68: 99_693_937
      case .encoder: 22_466_066
      case .cnnDetector: 729_940
      }
    }

    /// CRC-32C. It finds damage, which dlib's reader may take for a model and crash; `tools/models`
    /// checks by SHA-256 that nobody changed the files on purpose.
    var checksum: UInt32 {
      switch self {
      case .landmarks5: 0x3910_dfd0
      case .landmarks68: 0xff5b_6f7e
      case .encoder: 0xfd83_2f31
      case .cnnDetector: 0xddaf_5f91
      }
    }
  }

  package static let defaultFolder = "/usr/share/vedette/models"
  /// Names what made an encoding: those of different models cannot be compared.
  package static let encoderIdentity = "dlib_face_recognition_resnet_model_v1"

  package var folder: String

  package init(folder: String = Self.defaultFolder) {
    self.folder = folder
  }

  /// The path of a file that is whole.
  func path(of file: File) throws(FacesError) -> String {
    let path = "\(folder)/\(file.name)"
    let advice = "run '\(file.source) --to \(folder)'"
    let opened: OpenFile
    do throws(FileFault) {
      opened = try OpenFile(path)
    } catch {
      guard !error.isDenied else {
        throw FacesError(
          .denied,
          "the model \(path) cannot be opened: permission denied; run this as root or as the agent's user"
        )
      }
      throw FacesError(
        .modelMissing, "the model \(path) cannot be opened (\(error)): \(advice)")
    }
    var checksum: UInt32 = 0
    var byteCount = 0
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    // No longer than the file should be: a device may never end.
    while byteCount <= file.byteCount {
      let count: Int
      do throws(FileFault) {
        count = try opened.read(into: &buffer)
      } catch {
        throw FacesError(.modelMissing, "the model \(path) cannot be read (\(error)): \(advice)")
      }
      if count == 0 { break }
      checksum = unsafe buffer.withUnsafeBytes {
        unsafe vc_crc32c(checksum, $0.baseAddress, count)
      }
      byteCount += count
    }
    guard byteCount == file.byteCount, checksum == file.checksum else {
      let what =
        byteCount == file.byteCount
        ? "its checksum is wrong"
        : "it has \(byteCount > file.byteCount ? "more than " : "")\(min(byteCount, file.byteCount)) of \(file.byteCount) bytes"
      throw FacesError(.modelDamaged, "the model \(path) is damaged (\(what)): \(advice)")
    }
    return path
  }
}
