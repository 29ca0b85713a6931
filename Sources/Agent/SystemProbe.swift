import CPosix
import Glibc
import Paths
import Status

/// Asks the system how the machine is. A call may take as long as a disk takes.
struct SystemProbe {
  private static let sensorsMax = 64

  /// On the file system that is looked at.
  let folder: String

  func look() -> SystemView {
    var view = SystemView()
    view.isSynchronised = Self.isSynchronised
    var disk = statvfs()
    let isThere = unsafe statvfs(folder.pathBytes, &disk) == 0
    if unsafe isThere || statvfs("/", &disk) == 0 {
      view.diskFree = Self.product(UInt64(disk.f_bavail), UInt64(disk.f_frsize))
      view.diskSize = Self.product(UInt64(disk.f_blocks), UInt64(disk.f_frsize))
    }
    view.temperature = Self.temperature
    var usage = rusage()
    if unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
      view.processorSeconds =
        Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }
    // The second number is the resident pages.
    let pages = WholeFile.firstLine(of: "/proc/self/statm")?.split(separator: " ")
    if let pages, pages.count > 1, let resident = UInt64(pages[1]) {
      view.residentBytes = Self.product(resident, UInt64(max(0, sysconf(Int32(_SC_PAGESIZE))))) ?? 0
    }
    view.openFiles = Self.entries("/proc/self/fd")
    return view
  }

  /// Nil for what no disk has: some network file systems know no sizes.
  private static func product(_ count: UInt64, _ size: UInt64) -> Int? {
    let (bytes, isHuge) = count.multipliedReportingOverflow(by: size)
    return isHuge ? nil : Int(exactly: bytes)
  }

  /// systemd's ProtectClock forbids to ask the kernel; then systemd-timesyncd's own mark is looked for.
  private static var isSynchronised: Bool? {
    let kernel = vp_clock_synchronised()
    if kernel >= 0 { return kernel == 1 }
    if unsafe vp_access("/run/systemd/timesync/synchronized", F_OK) == 0 { return true }
    return unsafe vp_access("/run/systemd/timesync", F_OK) == 0 ? false : nil
  }

  /// Of the hottest zone, in degrees Celsius.
  private static var temperature: Double? {
    var hottest: Double?
    for number in 0..<sensorsMax {
      guard
        let text = WholeFile.firstLine(
          of: "/sys/class/thermal/thermal_zone\(number)/temp")
      else { break }
      // Sensors that are asleep say 0, or what no machine survives.
      guard let value = Double(text), (1000...150_000).contains(value) else { continue }
      hottest = max(hottest ?? 0, value / 1000)
    }
    return hottest
  }

  private static func entries(_ folder: String) -> Int {
    // Without the folder itself.
    max(0, (FolderNames.list(folder)?.count ?? 0) - 1)
  }
}
