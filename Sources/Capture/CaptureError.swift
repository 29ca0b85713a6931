import Glibc

/// Why a camera gives no frames.
package struct CaptureError: Error, Equatable, CustomStringConvertible {
  package enum Code: Sendable {
    /// The device or file is not there.
    case absent
    /// It is there, but somebody else has it or may have it.
    case denied
    /// It cannot do what was asked.
    case unsuitable
    /// It was working and failed.
    case failed
    /// It is open and gives nothing.
    case silent
  }

  package var code: Code
  /// The call that failed, e.g. `VIDIOC_STREAMON`; empty where none did.
  package var call: String
  package var errno: Int32
  /// What was wrong and what to do.
  package var sentence: String

  package init(_ code: Code, call: String = "", errno: Int32 = 0, _ sentence: String) {
    self.code = code
    self.call = call
    self.errno = errno
    self.sentence = sentence
  }

  package var description: String {
    call.isEmpty ? sentence : "\(sentence) (\(call): \(Self.name(errno)))"
  }

  /// What an errno means where it says so plainly, else `otherwise`.
  static func code(_ errno: Int32, otherwise: Code) -> Code {
    switch errno {
    case ENODEV, ENXIO, ENOENT: .absent
    case EBUSY, EACCES, EPERM: .denied
    default: otherwise
    }
  }

  static func name(_ errno: Int32) -> String {
    unsafe String(cString: strerror(errno))
  }
}
