import CPosix
import Glibc

/// Why a file cannot be read or written, as an errno.
package struct FileFault: Error, Equatable, CustomStringConvertible, Sendable {
  package var code: Int32

  package init(_ code: Int32) { self.code = code }

  /// Of the call before, which must have failed on this thread.
  package static var last: FileFault { FileFault(errno) }

  package var description: String { unsafe String(cString: vp_file_reason(code)) }

  package var isMissing: Bool { code == ENOENT || code == ENOTDIR }

  package var isDenied: Bool { code == EACCES || code == EPERM }

  /// There are more bytes than were wanted.
  package var isTooLarge: Bool { code == EFBIG }

  /// Whether trying again may help. What is wrong with a path, or with who may read it, a person must mend; a disk that
  /// fails, or too few descriptors or too little memory, may be over at the next start.
  package var isTemporary: Bool {
    ![
      EACCES, EPERM, ENOENT, ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG, EINVAL, ENOTSUP, ENXIO, ENODEV,
      EROFS, EFBIG, EEXIST,
    ].contains(code)
  }
}
