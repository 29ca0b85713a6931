import Control
import Foundation
import Frames
import Kafka
import TestBombs
import TestFetching
import Testing

/// Commands over the topic, from the operator's tool to the running agent and back.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ControlEndToEndTests: CommandedBox {
  let ops: Operator
  let pictures: Folder

  init() throws {
    ops = try Operator()
    pictures = try Pictures.folder(4, FrameSize(width: 320, height: 240))
    try ops.trust("root", isRoot: true)
  }

  /// - Parameter second: another broker's address.
  private func daemon(
    models: String = "/nowhere", cameras: String? = nil, second: String? = nil
  ) throws -> Daemon {
    try Daemon(
      broker.address + (second.map { "\", \"\($0)" } ?? ""),
      spool: "{folder: '\(folder.path)/spool'}",
      analysis: "{gallery: '\(folder.path)/gallery.sqlite', models: '\(models)'}",
      control: "{keys: '\(folder.path)/keys.d', labels: {site: hanoi}, heartbeat: 1 s}",
      cameras: cameras ?? """
          front: {replay: {path: '\(pictures.path)', rate: 10}}
          yard: {replay: {path: '\(pictures.path)', rate: 10}}
        """)
  }

  private func states(_ results: [[String: Any]]) -> [String] {
    results.compactMap { $0["state"] as? String }
  }

  @Test(arguments: [
    ("UNKNOWN_TOPIC_OR_PART", "does not exist", "create it"),
    ("TOPIC_AUTHORIZATION_FAILED", "", "grant it"),
  ])
  func `A topic that is missing or denied is told by name before anything failed for it`(
    fault: (code: String, words: String, remedy: String)
  ) throws {
    broker.command("topic vedette.control 1")
    broker.command("topic vedette.results 1")
    broker.command("deny vedette.results \(fault.code)")
    let daemon = try daemon()
    let status = try daemon.waitForStatus(seconds: 20) {
      alarms($0).contains("topic_blocked ")
    }
    // Nothing was ever sent there.
    #expect(daemon.askLedger("results") == nil)
    #expect(status["health"] as? String == "warning")
    let verdict = status["verdict"] as? String ?? ""
    for word in ["vedette.results", fault.words, fault.remedy] where !word.isEmpty {
      #expect(verdict.contains(word), "\(verdict)")
    }
    #expect(try daemon.ask("status").exitCode == 1)
    broker.command("allow vedette.results")
    try daemon.waitForStatus { alarms($0).isEmpty }
    #expect(daemon.program.end() == 0)
  }

  @Test func `A control topic that is missing is an alarm with its name`() throws {
    broker.command("topic vedette.control 1")
    broker.command("deny vedette.control UNKNOWN_TOPIC_OR_PART")
    let daemon = try daemon()
    let status = try daemon.waitForStatus(seconds: 30) {
      alarms($0).contains("control_unavailable ")
    }
    let verdict = status["verdict"] as? String ?? ""
    #expect(verdict.contains("the topic vedette.control does not exist; create it"), "\(verdict)")
    broker.command("allow vedette.control")
    try daemon.waitForStatus { alarms($0).isEmpty }
    #expect(daemon.program.end() == 0)
  }

  /// A command that no broker takes.
  private func sentToNobody() throws -> Program {
    let sent = try ops.begin(["--all", "ping"])
    #expect(sent.wait(within: 60))
    #expect(sent.process.terminationStatus == 69)
    return sent
  }

  @Test func `What is sent to a missing topic is told by the topic's name`() throws {
    broker.command("topic vedette.control 1")
    broker.command("deny vedette.control UNKNOWN_TOPIC_OR_PART")
    broker.command("deny vedette.frames UNKNOWN_TOPIC_OR_PART")
    let sent = try sentToNobody()
    #expect(sent.log.contains("the topic vedette.control does not exist; create it"), "\(sent.log)")
    let save = "\(folder.path)/demo.jpg"
    let demo = try Program(
      "vedette", ["demo", "--broker", broker.address, "--seconds", "6", "--save", save])
    let shown = demo.readAll()
    #expect(demo.wait(within: 30))
    #expect(demo.process.terminationStatus == 69)
    #expect(
      shown.contains("nothing was acknowledged: the topic vedette.frames does not exist"),
      "\(shown)")
    #expect(shown.contains("create it") && !shown.contains("timed out"), "\(shown)")
  }

  @Test func `A command that cannot be sent names the cause`() throws {
    broker.command("down 1")
    let sent = try sentToNobody()
    #expect(sent.log.contains("Connection refused"), "\(sent.log)")
  }

  @Test func `Signed commands change the running agent, survive its restart, and are answered`()
    throws
  {
    let daemon = try self.daemon()
    daemon.waitForLog("reading vedette.control")
    #expect(states(try ops.send(["ping"])) == ["accepted", "succeeded"])

    let status = try #require(
      try ops.send(["status"], target: ["--label", "site=hanoi"] + ["--expect", "1"]).last)
    let facts = try #require(status["facts"] as? [String: Any])
    #expect((facts["cameras"] as? [String: Any])?.count == 2)

    let shot = try #require(try ops.send(["snapshot", "camera=front"]).last)
    let jpeg = try #require((shot["facts"] as? [String: Any])?["jpeg"] as? String)
    let size = try Pictures.size(of: Array(try #require(Data(base64Encoded: jpeg))))
    #expect(size.width == 320)

    // A change that shows in what is sent, without a restart.
    #expect(
      states(
        try ops.send(["camera.set", "camera=front", #"set={"scale":"160x120"}"#, "probation=2"]))
        == ["accepted", "succeeded"])
    let small = try #require(try ops.send(["snapshot", "camera=front"]).last)
    let smallJPEG = try #require((small["facts"] as? [String: Any])?["jpeg"] as? String)
    #expect(
      try Pictures.size(of: Array(try #require(Data(base64Encoded: smallJPEG)))).width == 160)

    #expect(
      states(try ops.send(["camera.set", "camera=front", #"set={"qualty":1}"#], status: 65))
        == ["rejected"])
    // A mask beyond the picture lets no picture out, which is found out and taken back.
    #expect(
      states(
        try ops.send(
          [
            "camera.set", "camera=yard",
            #"set={"masks":[{"x":9000,"y":0,"width":8,"height":8}]}"#, "probation=2",
          ], status: 65)) == ["accepted", "failed"])
    let before = daemon.askLedger("yard")?["delivered"] as? Int ?? 0
    _ = daemon.waitForLedger(seconds: 60) { _ in
      (daemon.ledger("yard")?["delivered"] as? Int ?? 0) > before
    }
    #expect(states(try ops.send(["snapshot", "camera=yard"])) == ["accepted", "succeeded"])
    #expect(states(try ops.send(["camera.stop", "camera=yard"])) == ["accepted", "succeeded"])
    #expect(
      states(try ops.send(["faces.set", "camera=yard", #"set={"distance":0.5}"#]))
        == ["accepted", "succeeded"])
    #expect(daemon.program.end() == 0)
    expectBalance(try #require(daemon.ledger()))
    let results = try #require(daemon.ledger("results"))
    #expect(results["captured"] as? Int == results["delivered"] as? Int, "\(results)")

    let second = try self.daemon()
    second.waitForLog("reading vedette.control")
    let again = try #require(try ops.send(["status"]).last?["facts"] as? [String: Any])
    let overlay = try #require((again["overlay"] as? [String: Any])?["cameras"] as? [String: Any])
    #expect((overlay["yard"] as? [String: Any])?["enabled"] as? Bool == false)
    let yard = (again["cameras"] as? [String: Any])?["yard"] as? [String: Any]
    #expect(yard?["state"] as? String == "stopped")
    #expect(states(try ops.send(["config.reset"])) == ["accepted", "succeeded"])
    _ = second.askLedger("yard")
    #expect(second.program.end() == 0)
    let fleet = try Program("vedette", ["control", "fleet", "--broker", broker.address, "--json"])
    #expect(fleet.readLine().contains("\"node\":\"box-1\""))

    // No number was given twice within a run, though the camera was made anew.
    let ids = try broker.consumeAll().compactMap { $0.header("ce_id") }
    #expect(Set(ids).count == ids.count)
  }

  @Test func `A control topic made anew with fewer partitions is read again, and SIGTERM ends all`()
    throws
  {
    let anew = try Broker()
    anew.command("topic vedette.control 1")
    anew.command("down 1")
    broker.command("topic vedette.control 4")
    let daemon = try self.daemon(second: anew.address)
    daemon.waitForLog("reading vedette.control, 4 partitions")
    #expect(states(try ops.send(["ping"])) == ["accepted", "succeeded"])
    broker.command("down 1")
    anew.command("up 1")
    daemon.waitForLog("reading vedette.control, 1 partitions", seconds: 120)
    let second = ["camera.stop", "camera=yard"]
    #expect(states(try ops.send(second, to: anew)) == ["accepted", "succeeded"])
    #expect(daemon.program.end(within: 60) == 0)
    expectBalance(try #require(daemon.ledger()))
    // What was cut off is forgotten: the next start does not tell of it again.
    let next = try self.daemon(second: anew.address)
    next.waitForLog("reading vedette.control, 1 partitions", seconds: 60)
    #expect(!next.program.log.contains("is gone; commands may be missing"))
    #expect(next.program.end(within: 60) == 0)
  }

  @Test func `A topic that is missing or denied is told by name at the start, with the remedy`()
    throws
  {
    for topic in ["results", "metrics", "control"] { broker.command("topic vedette.\(topic) 1") }
    broker.command("deny vedette.results UNKNOWN_TOPIC_OR_PART")
    broker.command("deny vedette.metrics TOPIC_AUTHORIZATION_FAILED")
    broker.command("deny vedette.control UNKNOWN_TOPIC_OR_PART")
    let daemon = try self.daemon()
    daemon.waitForLog(
      "the topic vedette.results does not exist; create it: kafka-topics.sh", seconds: 60)
    daemon.waitForLog(
      "the topic vedette.metrics is denied to this client; grant it WRITE", seconds: 60)
    daemon.waitForLog("cannot be commanded: the topic vedette.control does not exist", seconds: 60)
    #expect(daemon.program.end(within: 60) == 0)
    let sent = try ops.begin(["--node", "box-1", "ping"])
    #expect(sent.wait(within: 60))
    #expect(sent.log.contains("the topic vedette.control does not exist"), "\(sent.log)")
  }

  @Test func `SIGTERM ends all while the control topic is gone`() throws {
    broker.command("topic vedette.control 4")
    let daemon = try self.daemon()
    daemon.waitForLog("reading vedette.control, 4 partitions")
    broker.command("deny vedette.control UNKNOWN_TOPIC_OR_PART")
    // Its connections are made anew, so that it asks.
    broker.command("down 1")
    broker.command("up 1")
    daemon.waitForLog("vedette.control has 0 partitions now", seconds: 120)
    _ = daemon.askLedger()
    #expect(daemon.program.end(within: 60) == 0)
    let ledger = try #require(daemon.ledger())
    expectBalance(ledger)
    #expect(ledger["in_memory"] as? Int == 0 && ledger["in_flight"] as? Int == 0)
  }

  @Test func `Nobody is obeyed whose key is not trusted, and expired commands are told of`() throws
  {
    try ops.makeKey("stranger")
    // Sent while the box is off.
    _ = try ops.send(
      ["ping", "--valid", "1"], target: ["--all", "--expect", "0"], status: 69, seconds: 30)
    Thread.sleep(forTimeInterval: 1.2)
    let daemon = try self.daemon()
    daemon.waitForLog("reading vedette.control")
    let refused = try ops.send(["ping"], key: "stranger", status: 65)
    #expect(refused.last?["reason"] as? String == "unknown_key")
    #expect(daemon.program.end() == 0)
    let all = try broker.consumeAll("results").map { String(decoding: $0.value, as: UTF8.self) }
    #expect(all.contains { $0.contains("\"state\":\"expired\"") })
    #expect(!all.contains { $0.contains("\"succeeded\"") })
  }

  @Test(.enabled(if: AnalysisTests.areThere, "the package registry cannot be reached"))
  func `Who is put into the gallery over the topic is named in the next picture`() throws {
    let portraits = try #require(AnalysisTests.portraits)
    let shown = try Folder()
    // Two in turn, since a picture that stands still is not looked at again.
    for name in ["obama2.jpg", "biden.jpg"] {
      try FileManager.default.copyItem(
        atPath: "\(portraits)/\(name)", toPath: "\(shown.path)/\(name)")
    }
    let daemon = try self.daemon(
      models: try #require(AnalysisTests.models),
      cameras: """
          front: {replay: {path: '\(shown.path)', rate: 4}, scale: 640x360, faces: {detect_every: 1, upsample: 1}}
        """)
    let facesOf = { (ledger: [String: Any]?) in
      (ledger?["analysis"] as? [String: Any])?["faces"] as? Int ?? 0
    }
    _ = daemon.waitForLedger(seconds: 120) { facesOf($0) >= 4 }
    let photo = "\(portraits)/obama.jpg"
    let answer = try #require(
      try ops.send([
        "gallery.put", "--photo", "Barack Obama=\(photo)", "--photo", "Barack Obama=\(photo)",
        "--photo", "Nobody=\(pictures.path)/0.jpg",
      ]).last)
    let answered = Timestamp.now.description
    let photos = try #require((answer["facts"] as? [String: Any])?["photos"] as? [[String: Any]])
    #expect(
      photos.compactMap { $0["outcome"] as? String } == ["added", "already_there", "no_face"])
    let count = facesOf(daemon.askLedger())
    _ = daemon.waitForLedger(seconds: 60) { facesOf($0) >= count + 6 }
    #expect(daemon.program.end() == 0)

    var (before, after): ([String?], [String?]) = ([], [])
    for record in try broker.consumeAll("events")
    where record.header("ce_type") == "vedette.faces.v1" {
      let body = try JSONSerialization.jsonObject(with: Data(record.value)) as? [String: Any]
      let face = try #require((body?["faces"] as? [[String: Any]])?.first)
      let label = face["label"] as? String
      // Not when the event was told of: a picture may be looked at for long.
      let frame = try #require(body?["frame"] as? [String: Any])
      if try #require(frame["time"] as? String) > answered {
        after.append(label)
        // The other stays unknown, and each picture after the answer is compared with him.
        #expect(label != nil || face["nearest"] as? String == "Barack Obama", "\(face)")
      } else {
        before.append(label)
      }
    }
    #expect(before.count >= 4 && after.count { $0 == "Barack Obama" } >= 2, "\(before) \(after)")
    #expect(before.first == .some(nil))
  }

  @Test(.enabled(if: AnalysisTests.areThere, "the package registry cannot be reached"))
  func `Photographs that are bombs are answered, and take no memory`() throws {
    let bombs = [
      try folder.write("one.png", TestBombs.png(width: 8190, height: 8190)),
      try folder.write("two.png", TestBombs.png(width: 3000, height: 3000, colour: 2)),
      try folder.write("three.jpg", TestBombs.jpeg(side: 4000, scans: 400)),
    ]
    let daemon = try self.daemon(models: try #require(AnalysisTests.models))
    daemon.waitForLog("reading vedette.control")
    let answer = try #require(
      try ops.send(
        ["gallery.put"] + bombs.flatMap { ["--photo", "Nobody=\($0)"] }, status: 65
      ).last)
    let detail = try #require(answer["detail"] as? String)
    #expect(answer["state"] as? String == "failed")
    #expect(detail.contains("8190x8190; 16 megapixels"), "\(detail)")
    #expect(detail.contains("no face was found") && detail.contains("megapixels at most"))
    #expect(states(try ops.send(["ping"])) == ["accepted", "succeeded"])
    let status = try String(
      contentsOfFile: "/proc/\(daemon.program.process.processIdentifier)/status", encoding: .utf8)
    let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }?
      .split(separator: " ").dropFirst().first.flatMap { Int($0) }
    #expect(try #require(peak) < 400_000, "KiB at the most")
    #expect(daemon.program.end() == 0)
  }

  @Test(.enabled(if: AnalysisTests.areThere, "the package registry cannot be reached"))
  func `A PNG of 8190 x 8190 in 16 bits is looked at within 600 MB of address space`() throws {
    let bomb = try folder.write(
      "large.png", TestBombs.png(width: 8190, height: 8190, colour: 6, bits: 16))
    let models = try #require(AnalysisTests.models)
    let vedette = Program.folder.appendingPathComponent("vedette").path
    let program = try Program(
      "/bin/sh",
      [
        "-c", #"ulimit -v 600000; exec "$@""#, "sh", vedette, "gallery", "add", "--name", "Nobody",
        "--gallery", "\(folder.path)/other.sqlite", "--models", models, bomb,
      ])
    let told = program.readAll()
    #expect(program.wait(within: 60))
    #expect((told + program.log).contains("no face was found"), "\(told) \(program.log)")
  }
}
