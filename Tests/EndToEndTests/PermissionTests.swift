import Foundation
import Frames
import Testing

/// What another user is told who may not look: that, and never that there is nothing.
@Suite(.enabled(if: geteuid() == 0, "only root can be another"), .timeLimit(.minutes(2)))
struct PermissionTests {
  private struct Run {
    var code: Int32
    var log: String
  }

  /// Runs `vedette` as a user who owns nothing.
  private func vedette(_ arguments: String...) throws -> Run { try vedette(arguments) }

  private func vedette(_ arguments: [String]) throws -> Run {
    let program = try Program(
      "/usr/bin/setpriv",
      [
        "--reuid=12347", "--regid=12347", "--clear-groups",
        Program.folder.appendingPathComponent("vedette").path,
      ] + arguments)
    #expect(program.wait(within: 30))
    return Run(code: program.process.terminationStatus, log: program.log)
  }

  private func expectDenied(
    _ run: Run, _ path: String, code: Int32 = 77,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(run.code == code, "\(run)", sourceLocation: sourceLocation)
    #expect(run.log.contains(path), "\(run)", sourceLocation: sourceLocation)
    #expect(
      run.log.lowercased().contains("permission denied"), "\(run)", sourceLocation: sourceLocation)
    for lie in ["there is no", "No such file", "no command has changed", "is no spool"] {
      #expect(!run.log.contains(lie), "\(run)", sourceLocation: sourceLocation)
    }
  }

  /// A folder that others may not enter, or may enter and find a file that they may not read.
  private func closed(_ folder: Folder, _ name: String, isEntered: Bool = false) throws -> String {
    let path = "\(folder.path)/\(name)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    #expect(unsafe chmod(folder.path, 0o755) == 0 && chmod(path, isEntered ? 0o755 : 0o700) == 0)
    return path
  }

  private func file(_ folder: String, _ name: String, _ bytes: [UInt8] = [1]) throws -> String {
    let path = "\(folder)/\(name)"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    #expect(unsafe chmod(path, 0o600) == 0)
    return path
  }

  @Test(arguments: [["status"], ["check", "--json"], ["export", "/tmp/never"], ["repair"]])
  func `A spool`(command: [String]) throws {
    let folder = try Folder()
    // Whether it cannot be entered, not be listed, or its files not be read.
    let spool = try closed(folder, "state/spool")
    #expect(unsafe chmod(folder.path + "/state", 0o700) == 0)
    _ = try file(spool, "lock")
    func run() throws -> Run {
      try vedette(["spool", command[0], "--folder", spool] + command.dropFirst())
    }
    expectDenied(try run(), spool)
    #expect(unsafe chmod(folder.path + "/state", 0o755) == 0)
    expectDenied(try run(), spool)
    #expect(unsafe chmod(spool, 0o755) == 0)
    expectDenied(try run(), spool)
    #expect(!FileManager.default.fileExists(atPath: "/tmp/never"))
  }

  @Test func `The configuration that names a spool, and the file of its keys`() throws {
    let folder = try Folder()
    let place = try closed(folder, "etc", isEntered: true)
    let config = try file(place, "vedette.yaml")
    expectDenied(try vedette("spool", "status", "--config", config), config)
    let spool = try closed(folder, "spool", isEntered: true)
    let keys = try file(place, "keys")
    expectDenied(
      try vedette("spool", "status", "--folder", spool, "--key-file", keys), keys)
    expectDenied(try vedette("check", config), config, code: 78)
  }

  @Test(arguments: [["list"], ["status"], ["export"], ["remove", "Ada"]])
  func `A gallery`(command: [String]) throws {
    let folder = try Folder()
    let place = try closed(folder, "state")
    let gallery = try file(place, "gallery.sqlite")
    for mode: mode_t in [0o700, 0o755] {
      #expect(unsafe chmod(place, mode) == 0)
      let program = try Program(
        "/usr/bin/setpriv",
        [
          "--reuid=12347", "--regid=12347", "--clear-groups",
          Program.folder.appendingPathComponent("vedette").path, "gallery",
        ] + command + ["--gallery", gallery])
      #expect(program.wait(within: 30))
      expectDenied(
        Run(code: program.process.terminationStatus, log: program.log), gallery)
    }
  }

  @Test func `What a gallery is made of, and where it would be made`() throws {
    let folder = try Folder()
    let place = try closed(folder, "state")
    let lines = try file(place, "in.jsonl")
    let own = try closed(folder, "own", isEntered: true)
    #expect(unsafe chown(own, 12_347, 12_347) == 0)
    let empty = try file(own, "empty", [])
    #expect(unsafe chmod(empty, 0o644) == 0)
    expectDenied(try vedette("gallery", "import", lines, "--gallery", own + "/g"), lines)
    expectDenied(
      try vedette("gallery", "import", empty, "--gallery", place + "/g"), place + "/g")
    let photo = try file(place, "photo.jpg")
    #expect(try vedette("gallery", "import", empty, "--gallery", own + "/g").code == 0)
    expectDenied(
      try vedette("gallery", "remove", "--photo", photo, "--gallery", own + "/g"), photo)
    let missing = try vedette("gallery", "import", own + "/none", "--gallery", own + "/g")
    #expect(missing.code == 66 && missing.log.contains("No such file"), "\(missing)")
  }

  @Test func `Models and pictures`() throws {
    let folder = try Folder()
    let models = try closed(folder, "models")
    _ = try file(models, "shape_predictor_5_face_landmarks.dat")
    let picture = try folder.write(
      "1.jpg", Pictures.jpeg(FrameSize(width: 64, height: 48), seed: 1))
    #expect(unsafe chmod(picture, 0o644) == 0)
    expectDenied(
      try vedette("faces", "--encode", "--models", models, picture), models)
    expectDenied(
      try vedette(
        "gallery", "add", "--models", models, picture, "--gallery", "/nonexistent/g"), models)
    #expect(unsafe chmod(picture, 0o600) == 0)
    expectDenied(try vedette("colours", picture), picture)
    expectDenied(try vedette("faces", picture), picture, code: 65)
  }

  @Test func `Keys and state of the remote control`() throws {
    let folder = try Folder()
    let place = try closed(folder, "keys")
    let key = try file(place, "ops.key")
    expectDenied(try vedette("control", "sign", "ping", "--all", "--key", key), key)
    expectDenied(try vedette("control", "overrides", "--folder", place), place, code: 65)
  }
}
