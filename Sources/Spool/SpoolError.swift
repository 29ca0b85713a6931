import Glibc

/// What went wrong in the spool: a sentence for the operator.
package struct SpoolError: Error, CustomStringConvertible, Sendable {
  package enum Code: Sendable {
    /// The disk refuses: full, read-only, failing, gone.
    case disk
    /// What is on the disk is not what was written.
    case corrupt
    /// Another process has the spool.
    case busy
    /// It may be there, but this user may not look.
    case denied
    /// There is no such folder.
    case absent
    /// There is a folder, but it is no spool.
    case noSpool
    /// The spool was written by a version that this one does not know, or with a key that is not here.
    case unreadable
  }

  package var code: Code
  /// The system's error, or 0.
  package var errno: Int32
  package var description: String

  init(_ code: Code, errno: Int32 = 0, _ sentence: String) {
    self.code = code == .disk && (errno == EACCES || errno == EPERM) ? .denied : code
    self.errno = errno
    let reason = errno == 0 ? "" : ": \(unsafe String(cString: strerror(errno))) (errno \(errno))"
    description = sentence + reason
  }
}
