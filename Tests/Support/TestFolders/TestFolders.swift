import Glibc

/// Where tests make folders.
package enum TestFolders {
  /// In memory where there is room, so that a test with thousands of syncs does not wait for a disk; what a disk may do
  /// wrong the tests have it do themselves. Else the folder for what is temporary.
  package static let base: String = {
    var status = statvfs()
    let room = 2 << 30
    if unsafe access("/dev/shm", W_OK | X_OK) == 0, unsafe statvfs("/dev/shm", &status) == 0,
      Int(clamping: status.f_bavail) * Int(clamping: status.f_frsize) >= room
    {
      return "/dev/shm"
    }
    return unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
  }()
}
