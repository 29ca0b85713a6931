import CPosix
import Glibc

/// Tells when devices come: the kernel's own announcements, and changes in /dev, which come later but
/// also where the first are not to be had (containers).
final class Hotplug {
  let descriptors: [Int32]

  init() {
    var opened: [Int32] = []
    let announcements = vp_uevent_socket()
    if announcements >= 0 { opened.append(announcements) }
    let watch = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
    if watch >= 0 {
      let mask = UInt32(IN_CREATE) | UInt32(IN_ATTRIB) | UInt32(IN_MOVED_TO)
      for folder in ["/dev", "/dev/v4l/by-id", "/dev/v4l/by-path"] {
        _ = unsafe inotify_add_watch(watch, folder, mask)
      }
      opened.append(watch)
    }
    descriptors = opened
  }

  deinit { descriptors.forEach { _ = close($0) } }

  /// Reads all that is announced.
  /// - Returns: whether any of it concerns video devices.
  func drain() -> Bool {
    var isVideo = false
    var buffer = [UInt8](repeating: 0, count: 8192)
    for descriptor in descriptors {
      // Bounded, so that a storm of events cannot hold the camera up.
      for _ in 0..<256 {
        let count = unsafe read(descriptor, &buffer, buffer.count)
        if count < 0, errno == ENOBUFS {
          // More was announced than the socket could hold.
          isVideo = true
          continue
        }
        guard count > 0 else { break }
        let text = buffer.prefix(count)
        if Self.contains(text, "video") || Self.contains(text, "v4l") { isVideo = true }
      }
    }
    return isVideo
  }

  private static func contains(_ bytes: ArraySlice<UInt8>, _ word: String) -> Bool {
    bytes.firstRange(of: Array(word.utf8)) != nil
  }
}
