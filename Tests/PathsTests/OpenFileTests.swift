import CPosix
import Foundation
import Glibc
import Testing

@testable import Paths

@Suite("Files") final class OpenFileTests {
  private let folder = NSTemporaryDirectory() + "files-\(UUID().uuidString)"

  init() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func fault(_ body: () throws(FileFault) -> Void) -> FileFault? {
    do throws(FileFault) {
      try body()
      return nil
    } catch {
      return error
    }
  }

  @Test("are read whole as they were written, by a name of any bytes") func whole() throws {
    let path = "\(folder)/caf" + String(path: [0xE9])
    let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 * 31) }
    try OpenFile(path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600).write(bytes)
    #expect(try WholeFile.read(path, bytesMax: bytes.count) == bytes)
    #expect(FolderNames.list(folder) == ["caf" + String(path: [0xE9])])
    #expect(try WholeFile.beginning(of: path, bytesMax: 100_001) == Array(bytes[..<100_001]))
    #expect(try WholeFile.beginning(of: path, bytesMax: 1 << 20) == bytes)
    var status = stat()
    #expect(unsafe vp_stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
  }

  @Test("that are larger than may be are refused, not cut") func large() throws {
    let path = "\(folder)/large"
    try OpenFile(path, flags: O_WRONLY | O_CREAT).write([UInt8](repeating: 1, count: 70_000))
    #expect(
      fault { () throws(FileFault) in _ = try WholeFile.read(path, bytesMax: 69_999) }?.code
        == EFBIG)
    #expect(try WholeFile.read(path, bytesMax: 70_000).count == 70_000)
    #expect(FileFault(EFBIG).isTemporary == false)
  }

  @Test(
    "that are none are told, and not waited for",
    arguments: [("/dev/zero", ENOTSUP), ("/nowhere/x", ENOENT), ("/etc", EISDIR)])
  func others(path: String, code: Int32) throws {
    #expect(
      fault { () throws(FileFault) in _ = try WholeFile.read(path, bytesMax: 9) }?.code == code)
    let pipe = "\(folder)/pipe"
    #expect(unsafe mkfifo(pipe, 0o600) == 0)
    #expect(fault { () throws(FileFault) in _ = try OpenFile(pipe) }?.code == ENOTSUP)
  }

  @Test("are closed, and one that is full is told") func full() throws {
    let descriptor = try OpenFile("/dev/full", flags: O_WRONLY).descriptor
    #expect(fcntl(descriptor, F_GETFD) == -1)
    let code = fault { () throws(FileFault) in try OpenFile("/dev/full", flags: O_WRONLY).write([1])
    }
    #expect(code?.code == ENOSPC)
    let copy = try OpenFile(copyOf: STDERR_FILENO).descriptor
    #expect(
      copy != STDERR_FILENO && fcntl(copy, F_GETFD) == -1 && fcntl(STDERR_FILENO, F_GETFD) >= 0)
  }

  @Test("in /proc give their first line") func line() throws {
    #expect(WholeFile.firstLine(of: "/proc/sys/kernel/random/boot_id")?.utf8.count == 36)
    let path = "\(folder)/lines"
    try OpenFile(path, flags: O_WRONLY | O_CREAT).write(Array("one\ntwo\n".utf8))
    #expect(WholeFile.firstLine(of: path) == "one")
    #expect(WholeFile.firstLine(of: path, bytesMax: 2) == "on")
    #expect(WholeFile.firstLine(of: "\(folder)/none") == nil)
    try OpenFile(path, flags: O_WRONLY | O_TRUNC).write([])
    #expect(WholeFile.firstLine(of: path) == nil)
  }
}
