import Foundation
import Frames
import Gallery
import Imaging
import Testing

/// What was commanded for privacy's sake holds, whatever becomes of files.
@Suite(.serialized, .timeLimit(.minutes(5))) struct PrivacyTests: CommandedBox {
  let ops: Operator
  let pictures: Folder
  let others: Folder

  init() throws {
    ops = try Operator()
    pictures = try Pictures.folder(4, FrameSize(width: 320, height: 240))
    others = try Pictures.folder(4, FrameSize(width: 320, height: 240))
  }

  /// - Parameter control: nil for on.
  private func daemon(_ front: String = "front", control: String? = nil) throws -> Daemon {
    try Daemon(
      broker.address, spool: "{folder: '\(folder.path)/spool'}",
      analysis: "{gallery: '\(folder.path)/gallery.sqlite'}",
      control: control ?? "{keys: '\(folder.path)/keys.d', heartbeat: 1 s}",
      cameras: """
          \(front): {replay: {path: '\(pictures.path)', rate: 10}}
          yard: {replay: {path: '\(others.path)', rate: 10}}
        """)
  }

  /// Whether all that is left of the camera's last picture is black.
  private func isMasked(_ daemon: Daemon, _ camera: String) throws -> Bool {
    let path = "\(folder.path)/shot.jpg"
    let shot = try Program(
      "vedette", ["snapshot", camera, "--socket", daemon.socket, "-o", path])
    #expect(shot.wait(within: 30))
    #expect(shot.process.terminationStatus == 0, "\(shot.log)")
    let jpeg = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    return try Pictures.isBlack(jpeg)
  }

  private static let mask = #"set={"masks":[{"x":0,"y":0,"width":320,"height":240}]}"#

  /// A box whose camera `front` is masked altogether by a command.
  private func mask() throws {
    let daemon = try daemon()
    daemon.waitForLog("reading vedette.control", seconds: 60)
    try ops.send(["camera.set", "camera=front", Self.mask])
    #expect(try isMasked(daemon, "front"))
    #expect(daemon.program.end() == 0)
  }

  private func fill(_ name: String, _ text: String) throws {
    try text.write(toFile: "\(folder.path)/\(name)", atomically: true, encoding: .utf8)
  }

  @Test func `A camera renamed in the configuration is stopped until somebody says what is right`()
    throws
  {
    try mask()
    let daemon = try daemon("gate")
    let status = try daemon.waitForStatus {
      alarms($0).contains("override_not_applied gate") && state($0, "yard") == "streaming"
    }
    #expect(state(status, "gate") == "stopped")
    #expect(status["health"] as? String == "critical")
    #expect((status["verdict"] as? String)?.contains("config.reset camera=front") == true)
    #expect((status["control"] as? [String: Any])?["overlay"] is NSNull)
    #expect(daemon.askLedger("gate")?["captured"] as? Int == 0)
    daemon.waitForLog("reading vedette.control", seconds: 60)
    // The same of its new name, then the old is taken back.
    try ops.send(["camera.set", "camera=gate", Self.mask])
    try ops.send(["config.reset", "camera=front"])
    try daemon.waitForStatus { state($0, "gate") == "streaming" && alarms($0).isEmpty }
    #expect(try isMasked(daemon, "gate"))
    #expect(daemon.program.end() == 0)
  }

  @Test(arguments: ["damaged", "missing", "damaged with one copy"])
  func `A gallery that is lost takes no mask along, and control comes back`(how: String) throws {
    try mask()
    for file in ["gallery.sqlite", "gallery.sqlite-wal", "gallery.sqlite-shm"] {
      try? FileManager.default.removeItem(atPath: "\(folder.path)/\(file)")
    }
    if how != "missing" {
      try fill("gallery.sqlite", String(repeating: "no database ", count: 999))
    }
    if how.hasSuffix("copy") { try fill("overrides.a", "{}") }
    let daemon = try daemon()
    try daemon.waitForStatus { state($0, "front") == "streaming" }
    if how != "missing" {
      try daemon.waitForStatus { alarms($0).contains("control_unavailable ") }
      #expect(try isMasked(daemon, "front"))
      try FileManager.default.removeItem(atPath: "\(folder.path)/gallery.sqlite")
    }
    daemon.waitForLog("reading vedette.control", seconds: 90)
    try ops.send(["ping"])
    #expect(try isMasked(daemon, "front"))
    try daemon.waitForStatus { alarms($0).isEmpty }
    #expect(daemon.program.end() == 0)
  }

  @Test func `A gallery that another process holds stops what it alone knows of, until it lets go`()
    throws
  {
    try mask()
    for file in ["overrides.a", "overrides.b"] {
      try FileManager.default.removeItem(atPath: "\(folder.path)/\(file)")
    }
    let gallery = try Gallery("\(folder.path)/gallery.sqlite")
    var started: Daemon?
    try gallery.transaction { edit throws(GalleryError) in
      try edit.setState("test", [1])
      started = try? self.daemon()
      let status = try? started?.waitForStatus(seconds: 120) {
        Set(alarms($0)).isSuperset(of: ["override_not_applied front", "control_unavailable "])
      }
      #expect(state(status ?? [:], "front") == "stopped")
    }
    let daemon = try #require(started)
    try daemon.waitForStatus(seconds: 120) {
      alarms($0).isEmpty && state($0, "front") == "streaming"
    }
    #expect(try isMasked(daemon, "front"))
    try ops.send(["ping"])
    #expect(daemon.program.end() == 0)
  }

  @Test func `Without any copy every camera is stopped, until root takes it back`() throws {
    try mask()
    for file in ["gallery.sqlite", "gallery.sqlite-wal", "gallery.sqlite-shm"] {
      try? FileManager.default.removeItem(atPath: "\(folder.path)/\(file)")
    }
    for file in ["overrides.a", "overrides.b"] { try fill(file, "{}") }
    let daemon = try daemon()
    let status = try daemon.waitForStatus {
      Set(alarms($0)).isSuperset(of: ["override_not_applied front", "override_not_applied yard"])
    }
    #expect(state(status, "front") == "stopped" && state(status, "yard") == "stopped")
    #expect(daemon.program.end() == 0)
    let reset = try Program(
      "vedette", ["control", "overrides", "--reset", "--folder", folder.path])
    #expect(reset.wait(within: 30))
    #expect(reset.process.terminationStatus == 0, "\(reset.log)")
    let second = try self.daemon()
    try second.waitForStatus {
      state($0, "front") == "streaming" && state($0, "yard") == "streaming"
    }
    #expect(second.program.end() == 0)
  }

  @Test(arguments: [true, false])
  func `A mask stays where control is switched off afterwards`(hasCopies: Bool) throws {
    try mask()
    if !hasCopies {
      for file in ["overrides.a", "overrides.b"] {
        try FileManager.default.removeItem(atPath: "\(folder.path)/\(file)")
      }
    }
    let daemon = try daemon(control: "off")
    try daemon.waitForStatus { state($0, "front") == "streaming" }
    #expect(try isMasked(daemon, "front"))
    #expect(daemon.program.end() == 0)
  }

  @Test func `Root takes back what was commanded of one camera, and all else stays`() throws {
    try mask()
    let first = try daemon()
    first.waitForLog("reading vedette.control", seconds: 60)
    try ops.send(["camera.set", "camera=yard", Self.mask])
    #expect(first.program.end() == 0)
    func reset(_ camera: String) throws -> Int32 {
      let reset = try Program(
        "vedette",
        ["control", "overrides", "--reset", "--camera", camera, "--folder", folder.path])
      #expect(reset.wait(within: 30))
      return reset.process.terminationStatus
    }
    #expect(try reset("roof") == 66)
    #expect(try reset("front") == 0)
    let second = try daemon()
    try second.waitForStatus {
      state($0, "front") == "streaming" && state($0, "yard") == "streaming"
    }
    #expect(try !isMasked(second, "front"))
    #expect(try isMasked(second, "yard"))
    #expect(second.program.end() == 0)
  }

  @Test func `SIGHUP reads the configuration again, and refuses what is wrong`() throws {
    let daemon = try Daemon(
      broker.address,
      cameras: "  front: {replay: {path: '\(pictures.path)', rate: 10}, masks: []}")
    try daemon.waitForStatus { state($0, "front") == "streaming" }
    #expect(try !isMasked(daemon, "front"))
    try daemon.edit("masks: []", "maskes: []")
    daemon.program.signal(SIGHUP)
    daemon.waitForLog("the configuration is wrong; the running one stays")
    #expect(daemon.program.log.contains("vedette.yaml:9:"), "\(daemon.program.log)")
    let wrong = try daemon.waitForStatus { alarms($0) == ["configuration_rejected "] }
    #expect(state(wrong, "front") == "streaming")
    try daemon.edit("maskes: []", "masks: [320x240+0+0]")
    let warning = "everybody on this box can change it"
    #expect(!daemon.program.log.contains(warning))
    #expect(unsafe chmod(daemon.file, 0o646) == 0)
    daemon.program.signal(SIGHUP)
    daemon.waitForLog("the configuration was read again and is in force")
    #expect(daemon.program.log.contains(warning), "\(daemon.program.log)")
    try daemon.waitForStatus { alarms($0).isEmpty && state($0, "front") == "streaming" }
    #expect(try isMasked(daemon, "front"))
    #expect(daemon.program.end() == 0)
  }

  /// Reading the memory of the process that reads, from its beginning, is an I/O error.
  @Test func `A file that cannot be read now is no wrong configuration`() throws {
    let failing = "/proc/self/mem"
    func exit(_ file: String) throws -> Int32 {
      let program = try Program("vedetted", ["--config", file])
      #expect(program.wait(within: 30), "\(program.log)")
      return program.process.terminationStatus
    }
    let link = "\(folder.path)/link.yaml"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: failing)
    #expect(try exit(link) == 75)
    #expect(try exit("\(folder.path)/none.yaml") == 78)
    let check = try Program("vedette", ["check", link])
    #expect(check.wait(within: 30))
    #expect(check.process.terminationStatus == 75)
    // In conf.d, over a configuration that is right.
    try FileManager.default.createDirectory(
      atPath: folder.path + "/conf.d", withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/conf.d/a.yaml", withDestinationPath: failing)
    let right = try folder.write(
      "vedette.yaml",
      Array("cameras: {front: {replay: {path: '\(pictures.path)'}}}\nspool: off\n".utf8))
    #expect(try exit(right) == 75)
  }

  @Test func `What may pass does not end the service for good`() throws {
    let config = try folder.write(
      "vedette.yaml",
      Array("cameras: {front: {replay: {path: '\(pictures.path)'}}}\nspool: off\n".utf8))
    // No thread gets a stack of so many KiB.
    let program = try Program(
      "/bin/sh",
      [
        "-c",
        "ulimit -s 200000000000 && exec '\(Program.folder.path)/vedetted' --config '\(config)'",
      ])
    #expect(program.wait(within: 60))
    #expect(program.process.terminationStatus == 75, "\(program.log)")
  }

  /// Whichever part of the agent it is that gets no thread, and what it has to give up for it.
  @Test(.enabled(if: geteuid() == 0, "only root can run a program as another user"))
  func `With however few threads the agent is to be started again, or does its work`() throws {
    let place = try Folder()
    #expect(unsafe chmod(folder.path, 0o755) == 0 && chmod(place.path, 0o777) == 0)
    #expect(unsafe chmod(pictures.path, 0o755) == 0)
    let config = try folder.write(
      "vedette.yaml",
      Array(
        """
        kafka: {brokers: ["\(broker.address)"]}
        spool: {folder: '\(place.path)/spool'}
        analysis: {gallery: '\(place.path)/gallery.sqlite'}
        status: {socket: '\(place.path)/status.sock'}
        cameras: {front: {replay: {path: '\(pictures.path)', rate: 10}, colours: on}}
        """.utf8))
    // With fewer, a library ends the process before it begins.
    var threads = 2
    var isWhole = false
    var ended = 0
    while !isWhole, threads < 60 {
      let program = try Program(
        "/usr/bin/setpriv",
        [
          "--reuid=12353", "--regid=12353", "--clear-groups", "/usr/bin/prlimit",
          "--nproc=\(threads)", Program.folder.appendingPathComponent("vedetted").path,
          "--config", config,
        ])
      // What it can do without is told, and asked for again. The socket is made last.
      let signs = ["could not be started", "start it again"]
      var turns = 0
      while turns < 300, !program.wait(within: 0.1), !signs.contains(where: program.log.contains),
        !FileManager.default.fileExists(atPath: "\(place.path)/status.sock")
      { turns += 1 }
      if program.log.contains("start it again") { _ = program.wait(within: 60) }
      // One that told of what it lacks may be about to end by itself.
      let code = program.end(within: 60)
      let log = program.log
      let isEnded = log.contains("start it again") || code != 0
      if isEnded { ended += 1 }
      isWhole = !isEnded && !log.contains("could not be started")
      #expect(program.process.terminationReason == .exit, "\(threads) threads: \(log)")
      #expect(code == (isEnded ? 75 : 0), "\(threads) threads: \(log)")
      threads += 1
    }
    #expect(ended > 5 && threads < 60)
  }
}
