import CPosix
import Foundation
import Testing

@testable import Paths

/// Names of files are bytes; as text they must name the same file, whatever the bytes are.
@Suite struct PathTextTests {
  private static let names: [[UInt8]] = [
    Array("plain.jpg".utf8), Array("Nguyễn 東京 🙂".utf8), [0x63, 0x61, 0x66, 0xE9], [0xFF], [0x80],
    // Cut off, overlong, a surrogate, beyond Unicode.
    [0xE2, 0x82], [0xF0, 0x9F, 0x99], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
    // What stands for bytes, in a name itself.
    [0xF4, 0x8F, 0xBE, 0x80], [0xF4, 0x8F, 0xBF, 0xBF], [0xF4, 0x8F, 0xBE, 0x80, 0xE9],
    // Next to those.
    [0xF4, 0x8F, 0xBD, 0xBF], [0x61, 0xCC, 0x81, 0xE9, 0xCC, 0x81], [],
  ]

  private func bytes(_ text: String) -> [UInt8] {
    text.pathBytes.dropLast().map { UInt8(bitPattern: $0) }
  }

  @Test(arguments: names) func `No byte of a name is lost`(name: [UInt8]) {
    let text = String(path: name)
    #expect(bytes(text) == name)
    #expect(text.pathBytes.last == 0)
    let isText =
      String(validating: name, as: UTF8.self) != nil && !name.starts(with: [0xF4, 0x8F, 0xBE])
      && !name.starts(with: [0xF4, 0x8F, 0xBF])
    #expect(text.holdsOddBytes == !isText)
    if isText { #expect(text == String(decoding: name, as: UTF8.self)) }
  }

  @Test func `Nor of names of any bytes`() {
    var state: UInt64 = 1
    for _ in 0..<20_000 {
      var name: [UInt8] = []
      for _ in 0..<8 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        // Bytes that begin, go on, or do neither, and those of what stands for bytes.
        name.append(
          [0x41, 0x8F, 0xBE, 0xBF, 0x80, 0xF4, 0xE2, UInt8(truncatingIfNeeded: state >> 40)][
            Int(state >> 61)])
      }
      #expect(bytes(String(path: name)) == name)
    }
  }

  @Test(arguments: names.filter { !$0.isEmpty && !$0.contains(0x2F) })
  func `The system's calls find the file, and the folder lists it`(name: [UInt8]) throws {
    let folder = NSTemporaryDirectory() + "paths-\(UUID().uuidString)"
    #expect(unsafe vp_mkdir(folder, 0o755) == 0)
    defer { unsafe vp_rmdir(folder) }
    let path = "\(folder)/\(String(path: name))"
    let file = unsafe vp_open_mode(path, O_WRONLY | O_CREAT | O_EXCL, 0o644)
    #expect(file >= 0)
    close(file)
    // As the kernel knows it.
    let raw = Array(folder.utf8) + [0x2F] + name + [0]
    #expect(unsafe access(raw.map { CChar(bitPattern: $0) }, F_OK) == 0)
    #expect(FolderNames.list(folder) == [String(path: name)])
    var status = stat()
    #expect(unsafe vp_stat(path, &status) == 0 && vp_access(path, R_OK) == 0)
    #expect(
      FolderNames.real(path).map { bytes($0) }
        == FolderNames.real(folder).map { bytes($0) + [0x2F] + name })
    let other = path + String(path: [0xE8])
    #expect(unsafe vp_rename(path, other) == 0)
    #expect(FolderNames.list(folder).map { bytes($0[0]) } == name + [0xE8])
    #expect(unsafe vp_unlink(other) == 0)
    #expect(FolderNames.list(folder) == [])
  }

  @Test func `A path that is too long, or not there, is an error and no crash`() {
    let long = String(repeating: "a/", count: 4000)
    #expect(unsafe vp_access(long, F_OK) == -1 && errno == ENAMETOOLONG)
    #expect(unsafe vp_open("/nonexistent/" + String(path: [0xE9]), O_RDONLY) == -1)
    #expect(errno == ENOENT)
    #expect(FolderNames.list("/nonexistent") == nil && FolderNames.real("/nonexistent") == nil)
  }
}
