import CPosix
import Foundation
import TestFetching
import Testing

/// `vedette gallery` as an operator uses it.
@Suite struct GalleryCommandTests {
  private struct Run {
    var code: Int32
    var lines: [String]
    var log: String
  }

  private func vedette(_ arguments: String...) throws -> Run {
    let program = try Program("vedette", ["gallery"] + arguments)
    var lines: [String] = []
    while case let line = program.readLine(), !line.isEmpty { lines.append(line) }
    #expect(program.wait(within: 60))
    return Run(code: program.process.terminationStatus, lines: lines, log: program.log)
  }

  /// Three people with some encodings each.
  private static let lines = (0..<30).map { number in
    let numbers = (0..<128).map { place in
      let own = (place * 7 + number % 3 * 31) % 17
      return "\(Double(own * 3 + (number + 1) * place % 31) / 500)"
    }
    let name = ["Ada", "Zoë \\\"Z\\\" 李", "Bob"][number % 3]
    return #"{"name":"\#(name)","model":"m","encoding":[\#(numbers.joined(separator: ","))]}"#
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give files away"))
  func `A file that root makes belongs to the folder's owner`() throws {
    let folder = try Folder()
    let file = try folder.write("in.jsonl", Array(Self.lines.joined(separator: "\n").utf8))
    let state = folder.path + "/state"
    try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
    #expect(unsafe chown(state, 12_345, 12_346) == 0)
    let gallery = state + "/gallery.sqlite"
    #expect(try vedette("import", file, "--gallery", gallery).code == 0)
    let overrides = try Program("vedette", ["control", "overrides", "--reset", "--folder", state])
    #expect(overrides.wait(within: 30))
    let names = try FileManager.default.contentsOfDirectory(atPath: state)
    #expect(Set(names).isSuperset(of: ["gallery.sqlite", "overrides.a", "overrides.b"]))
    for name in names {
      var status = stat()
      #expect(unsafe stat("\(state)/\(name)", &status) == 0)
      #expect(status.st_uid == 12_345 && status.st_gid == 12_346, "\(name)")
      #expect(status.st_mode & 0o777 == 0o640, "\(name)")
    }

    // What earlier programs left behind is mended.
    #expect(unsafe chown(gallery, 0, 0) == 0)
    #expect(try vedette("list", "--gallery", gallery).code == 0)
    var status = stat()
    #expect(unsafe stat(gallery, &status) == 0 && status.st_uid == 12_345)
  }

  @Test(.enabled(if: geteuid() == 0, "only root can be another"))
  func `Where a file cannot be given to the folder's owner, it is not made`() throws {
    let folder = try Folder()
    let file = try folder.write("in.jsonl", Array(Self.lines.joined(separator: "\n").utf8))
    #expect(unsafe chown(folder.path, 12_345, 12_346) == 0 && chmod(folder.path, 0o777) == 0)
    let gallery = folder.path + "/gallery.sqlite"
    let program = try Program(
      "/usr/bin/setpriv",
      [
        "--reuid=12347", "--regid=12347", "--clear-groups",
        Program.folder.appendingPathComponent("vedette").path, "gallery", "import", file,
        "--gallery", gallery,
      ])
    #expect(program.wait(within: 30))
    #expect(program.process.terminationStatus != 0)
    #expect(program.log.contains("sudo -u"), "\(program.log)")
    #expect(!FileManager.default.fileExists(atPath: gallery))
  }

  @Test func `What is exported is imported elsewhere as the same gallery`() throws {
    let folder = try Folder()
    let file = try folder.write("in.jsonl", Array(Self.lines.joined(separator: "\n").utf8))
    let (one, other) = (folder.path + "/one", folder.path + "/other")
    let imported = try vedette("import", file, "--gallery", one, "--json")
    #expect(imported.lines == [#"{"added":30,"already_there":0}"#])
    let again = try vedette("import", file, "--gallery", one)
    #expect(again.code == 0 && again.lines == ["0 encodings added, 30 already there"])
    let list = try vedette("list", "--gallery", one, "--json")
    #expect(
      list.lines == [
        #"{"name":"Ada","encodings":10,"photos":0}"#, #"{"name":"Bob","encodings":10,"photos":0}"#,
        #"{"name":"Zoë \"Z\" 李","encodings":10,"photos":0}"#,
      ])
    #expect(try vedette("export", folder.path + "/out.jsonl", "--gallery", one).code == 0)
    _ = try vedette("import", folder.path + "/out.jsonl", "--gallery", other)
    let hashes = try [one, other].map { gallery in
      let line = try vedette("status", "--gallery", gallery, "--json").lines.joined()
      let status = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return status?["hash"] as? String
    }
    #expect(hashes[0] == hashes[1] && hashes[0]?.count == 64)

    let trained = try vedette("train", "--gallery", one, "--json")
    #expect(trained.code == 0 && trained.lines.joined().contains(#""accuracy":1,"#))
    let found = try vedette(
      "search", file, "--gallery", one, "--method", "regression", "--probability", "0.5", "--json")
    #expect(found.lines.count == 30)
    #expect(found.lines.allSatisfy { $0.contains(#""method":"regression""#) })
    #expect(found.lines[2].contains(#""name":"Bob","label":"Bob""#))

    let removed = try vedette("remove", "Bob", "Eve", "--gallery", one)
    #expect(removed.code == 66 && removed.log.contains("Eve is not in the gallery"))
    #expect(removed.lines == ["1 removed"])
    #expect(try vedette("list", "--gallery", one).lines.count == 2)
  }

  @Test func `A wrong line is told by its number, and a replacement with one changes nothing`()
    throws
  {
    let folder = try Folder()
    let gallery = folder.path + "/gallery"
    let good = try folder.write("good.jsonl", Array(Self.lines.joined(separator: "\n").utf8))
    _ = try vedette("import", good, "--gallery", gallery)
    let text = Self.lines[0] + "\n" + Self.lines[1].replacing("encoding", with: "encodings")
    let bad = try folder.write("bad.jsonl", Array(text.utf8))
    let refused = try vedette("import", "--replace", bad, "--gallery", gallery)
    #expect(refused.code == 65 && refused.log.contains("line 2: there is no key \"encodings\""))
    #expect(try vedette("list", "--gallery", gallery).lines.count == 3)
    let one = try folder.write("one.jsonl", Array(Self.lines[0].utf8))
    #expect(try vedette("import", "--replace", one, "--gallery", gallery).code == 0)
    #expect(try vedette("list", "--gallery", gallery).lines == ["Ada: 1 encodings, 0 photos"])
    let missing = try vedette("list", "--gallery", folder.path + "/none")
    #expect(missing.code == 66 && missing.log.contains("there is no gallery"))
    let stranger = try vedette("list", "--gallery", good)
    #expect(stranger.code == 65 && stranger.log.contains("no gallery"))
  }

  private static let portraits = Fetched.folder("portraits")
  private static let models = Fetched.folder("models")

  @Test(
    .enabled("photographs and models can be fetched") { portraits != nil && models != nil },
    .timeLimit(.minutes(3)))
  func `People are added by photographs and found on others, strangers are not`() throws {
    let (portraits, models) = (try #require(Self.portraits), try #require(Self.models))
    let folder = try Folder()
    let gallery = folder.path + "/gallery"
    let staff = folder.path + "/staff"
    try FileManager.default.createDirectory(
      atPath: staff + "/Barack Obama", withIntermediateDirectories: true)
    for (from, to) in [
      ("obama.jpg", "Barack Obama/1.jpg"), ("obama3.jpg", "Barack Obama/2.JPG"),
      ("biden.jpg", "Joe Biden.jpg"),
    ] {
      try FileManager.default.copyItem(
        atPath: "\(portraits)/\(from)", toPath: "\(staff)/\(to)")
    }
    try folder.write("staff/nonsense.jpg", Array("no picture".utf8))
    let added = try vedette("add", staff, "--gallery", gallery, "--models", models, "--json")
    #expect(added.code == 65)
    #expect(
      added.lines.map { $0.contains(#""outcome":"added""#) } == [true, true, true, false])
    #expect(added.lines.last?.contains(#""outcome":"unreadable""#) == true)
    let again = try vedette(
      "add", "--name", "Someone", staff + "/Joe Biden.jpg", "--gallery", gallery, "--models", models
    )
    #expect(again.lines.first?.contains("it is there as a photo of Joe Biden") == true)
    let found = try vedette(
      "search", portraits + "/obama2.jpg", portraits + "/grace_hopper.jpg", "--gallery", gallery,
      "--models", models, "--json")
    #expect(found.code == 0 && found.lines.count == 2)
    #expect(found.lines.first?.contains(#""label":"Barack Obama""#) == true)
    #expect(found.lines.first?.contains(#""runner_up":"Joe Biden""#) == true)
    #expect(found.lines.last?.contains(#""label":null"#) == true)
    let removed = try vedette(
      "remove", "--photo", staff + "/Joe Biden.jpg", "--gallery", gallery)
    #expect(removed.code == 0)
    #expect(
      try vedette("list", "--gallery", gallery).lines == ["Barack Obama: 2 encodings, 2 photos"])
  }
}
