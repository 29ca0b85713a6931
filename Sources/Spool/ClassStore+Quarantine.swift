import CPosix
import Glibc

extension ClassStore {
  private var quarantineFolder: String { folder + "/quarantine" }

  /// Moves a segment that cannot be read out of the way.
  func quarantine(_ number: UInt64) throws(SpoolError) {
    guard Folder.exists(path(number)) else { return }
    try copyToQuarantine(number)
    try Folder.remove(path(number), options.faults)
  }

  /// Keeps a copy of a damaged segment, while there is room for it.
  func copyToQuarantine(_ number: UInt64, _ ending: String = "seg") throws(SpoolError) {
    try Folder.make(quarantineFolder)
    let source = try StoreFile.openForReading(path(number, ending), options.faults)
    let kept = Folder.names(quarantineFolder).reduce(UInt64(0)) { sum, name in
      var status = stat()
      return unsafe vp_stat(quarantineFolder + "/" + name, &status) == 0
        ? sum + UInt64(max(0, status.st_size)) : sum
    }
    guard kept + source.size <= options.quarantineBytes else {
      notices.append("\(quarantineFolder) is full: a damaged segment is not kept")
      return
    }
    let name = path(number, ending).split(separator: "/").last ?? ""
    let copy = try StoreFile.openOrCreate("\(quarantineFolder)/\(name)", options.faults)
    var offset: UInt64 = 0
    while offset < source.size {
      let bytes = try source.read(count: 1 << 20, at: offset)
      guard !bytes.isEmpty else { break }
      try copy.write(bytes, at: offset)
      offset += UInt64(bytes.count)
    }
    try copy.sync()
    CrashPoint.pass(.afterQuarantine)
  }
}
