import CPosix
import Glibc
package import Paths

/// Whose a new file in a folder must be, so that the agent can open what root made there.
package struct FolderOwner {
  private let folder: String
  private let user: uid_t
  private let group: gid_t

  /// Nil where the file's folder cannot be looked at.
  package init?(ofFile path: String) {
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) }
    var status = stat()
    guard unsafe vp_stat(folder ?? ".", &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      return nil
    }
    self.folder = folder ?? "."
    user = status.st_uid
    group = status.st_gid
  }

  /// Whether a file that this process makes there would be another's than the folder.
  package var isAnother: Bool { user != 0 && user != geteuid() }

  /// Gives a file that root made, just now or earlier, to the folder's owner.
  /// - Throws: a sentence with the command to run instead, where that cannot be done.
  func adopt(_ descriptor: Int32, _ path: String) throws(GalleryError) {
    // A folder of root's is anybody's place for files of their own, /tmp for one.
    guard isAnother else { return }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw refusal(path) }
    if status.st_uid == user { return }
    guard geteuid() == 0, status.st_uid == 0, fchown(descriptor, user, group) == 0 else {
      throw refusal(path)
    }
  }

  private func refusal(_ path: String) -> GalleryError {
    let name = unsafe getpwuid(user).map { unsafe String(cString: $0.pointee.pw_name) }
    return GalleryError(
      .disk,
      "\(path) cannot be given to \(name ?? "user \(user)"), who owns \(folder); run the command as that user: sudo -u \(name ?? "#\(user)") ..."
    )
  }

  /// Opens a file for writing, made where it is not there, that the folder's owner can open too. A new one that
  /// cannot be given away is removed.
  package static func open(_ path: String, _ flags: Int32) throws(GalleryError) -> OpenFile {
    var isNew = true
    let file: OpenFile
    do throws(FileFault) {
      file = try make(path, flags, &isNew)
    } catch {
      throw GalleryError(.disk, "\(path) cannot be opened: \(error)")
    }
    do throws(GalleryError) {
      try FolderOwner(ofFile: path)?.adopt(file.descriptor, path)
    } catch {
      // What is there already may be another's on purpose.
      if isNew {
        unsafe vp_unlink(path)
        throw error
      }
    }
    return file
  }

  private static func make(
    _ path: String, _ flags: Int32, _ isNew: inout Bool
  ) throws(FileFault) -> OpenFile {
    do throws(FileFault) {
      return try OpenFile(path, flags: flags | O_CREAT | O_EXCL, mode: 0o640)
    } catch {
      guard error.code == EEXIST else { throw error }
      isNew = false
      return try OpenFile(path, flags: flags)
    }
  }
}
