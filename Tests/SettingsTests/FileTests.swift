import Foundation
import Testing
import YAML

@testable import Settings

/// What lies where a file is read, and who may change it.
@Suite(.timeLimit(.minutes(2))) struct FileTests {
  private static let right = "cameras: {front: {device: /dev/video0}}\n"

  private func error(_ path: String) -> String? {
    do throws(SettingsError) {
      _ = try SettingsLoader.load(path: path)
      return nil
    } catch {
      return error.description
    }
  }

  @Test func `A FIFO instead of a file is an error and no hang`() throws {
    let folder = try Folder()
    let fifo = "\(folder.path)/vedette.yaml"
    #expect(unsafe mkfifo(fifo, 0o644) == 0)
    #expect(error(fifo) == "\(fifo):1:1: cannot be opened: Not a regular file")
    let second = try Folder()
    let main = try second.write("vedette.yaml", Self.right)
    let fragment = "\(second.path)/conf.d/a.yaml"
    #expect(unsafe mkfifo(fragment, 0o644) == 0)
    #expect(error(main) == "\(fragment):1:1: cannot be opened: Not a regular file")
  }

  @Test(arguments: ["kafka: {secrets: {sasl.password: FILE}}", "status: {token_file: FILE}"])
  func `A secret is no FIFO`(text: String) throws {
    let folder = try Folder()
    let fifo = "\(folder.path)/secret"
    #expect(unsafe mkfifo(fifo, 0o600) == 0)
    #expect(
      faults(Self.right + text.replacing("FILE", with: fifo)).first?
        .hasSuffix("is not a regular file") == true)
  }

  @Test(arguments: [
    "kafka: {properties: {ssl.ca.location: FILE}}",
    "kafka: {properties: {ssl.certificate.location: FILE}}",
    "kafka: {properties: {ssl.key.location: FILE}}", "analysis: {gallery: FILE}",
  ])
  func `A FIFO or a device in the place of any file that is named is an error`(text: String) throws
  {
    let folder = try Folder()
    let fifo = "\(folder.path)/file"
    #expect(unsafe mkfifo(fifo, 0o600) == 0)
    for path in [fifo, "/dev/zero"] {
      let found = faults(Self.right + text.replacing("FILE", with: path))
      #expect(found.count == 1 && found.first?.hasSuffix("is not a regular file") == true)
    }
    // A folder of certificates, or a gallery's that is still to be made.
    #expect(faults(Self.right + text.replacing("FILE", with: "/nonexistent/file")).isEmpty)
  }

  @Test func `A FIFO as the spool's key file is warned of, and frames go on`() throws {
    let folder = try Folder()
    let fifo = "\(folder.path)/key"
    #expect(unsafe mkfifo(fifo, 0o600) == 0)
    let loaded = try parsed(Self.right + "spool: {folder: /s, key_file: \(fifo)}")
    #expect(loaded.settings.spool?.keyFile == fifo)
    #expect(loaded.warnings.map(\.message).first?.contains("is not a regular file") == true)
  }

  @Test func `A folder or a device is no configuration`() throws {
    let folder = try Folder()
    #expect(error(folder.path) == "\(folder.path):1:1: cannot be opened: Is a directory")
    #expect(error("/dev/zero") == "/dev/zero:1:1: cannot be opened: Not a regular file")
  }

  @Test func `What everybody may change is warned of`() throws {
    let folder = try Folder()
    let main = try folder.write("vedette.yaml", Self.right)
    let fragment = try folder.write("conf.d/a.yaml", "node: a\n")
    #expect(try SettingsLoader.load(path: main).warnings.isEmpty)
    for path in [main, fragment, "\(folder.path)/conf.d"] {
      let mode: mode_t = path.hasSuffix("conf.d") ? 0o755 : 0o644
      _ = unsafe chmod(path, mode | 0o002)
      let warnings = try SettingsLoader.load(path: main).warnings.map(\.description)
      #expect(
        warnings == [
          "\(path):1:1: everybody on this box can change it, and with it what the agent does; chmod o-w it"
        ])
      _ = unsafe chmod(path, mode)
    }
  }

  @Test(arguments: [
    ("kafka: {secrets: {sasl.password: FILE}}", 0o604, "read"),
    ("kafka: {secrets: {sasl.password: FILE}}", 0o602, "change"),
    ("status: {token_file: FILE}", 0o644, "read"),
    ("spool: {folder: /s, key_file: FILE}", 0o644, "read"),
    ("kafka: {properties: {ssl.key.location: FILE}}", 0o644, "read"),
    ("control: {keys: FILE}", 0o646, "put keys into"),
  ])
  func `A secret that everybody may read, or keys that everybody may put, are warned of`(
    text: String, mode: Int, what: String
  ) throws {
    let folder = try Folder()
    let file = try folder.write("file", "secret")
    func warnings(_ mode: Int) throws -> [String] {
      _ = unsafe chmod(file, mode_t(mode))
      return try parsed(Self.right + text.replacing("FILE", with: file)).warnings.map(\.message)
    }
    #expect(try warnings(0o640).isEmpty)
    let warned = try warnings(mode)
    #expect(warned.count == 1)
    #expect(warned.first?.contains("everybody on this box can \(what) \"/") == true)
  }
}
