import Foundation
import Frames
import TestFetching
import Testing

/// Files whose names are bytes that are no UTF-8, with what a terminal would obey among them: every command takes them as
/// they are, and shows them so that neither a terminal nor a reader of JSON comes to harm.
@Suite(.timeLimit(.minutes(3))) struct OddNamesTests {
  /// `café[1mé` in Latin-1, with an escape sequence; and as it is shown.
  private static let name = #"caf\351\033[1m\351"#
  private static let shown = #"caf\xe9\u001b[1m\xe9"#
  private static let inJSON = #"caf\\xe9\u001b[1m\\xe9"#

  private struct Run {
    var code: Int32
    var output: String
    var log: String
  }

  /// Runs a shell's script in the folder, where `$n` is that name and `$vedette` and `$vedetted` are the programs.
  private func shell(_ folder: Folder, _ script: String) throws -> Run {
    let programs = Program.folder.path
    let program = try Program(
      "/bin/sh",
      [
        "-c",
        """
        cd '\(folder.path)' && n=$(printf '\(Self.name)')
        vedette='\(programs)/vedette' vedetted='\(programs)/vedetted'
        \(script)
        """,
      ])
    let output = program.readAll()
    #expect(program.wait(within: 60))
    for text in [output, program.log] {
      #expect(!text.contains("\u{1B}") && !text.contains("\u{FFFD}"), "\(text)")
    }
    return Run(code: program.process.terminationStatus, output: output, log: program.log)
  }

  private func made() throws -> Folder {
    let folder = try Folder()
    try folder.write("1.jpg", Pictures.jpeg(FrameSize(width: 64, height: 48), seed: 1))
    try folder.write("2.jpg", Pictures.jpeg(FrameSize(width: 64, height: 48), seed: 2))
    _ = try shell(folder, #"mkdir "$n" && mv 1.jpg "$n/$n.jpg" && mv 2.jpg "$n/2.jpg""#)
    return folder
  }

  private func file(_ line: Substring) throws -> String? {
    try (JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["file"] as? String
  }

  @Test func `Colours are found in such a file, and painted into one`() throws {
    let folder = try made()
    let run = try shell(
      folder,
      #"$vedette colours --json "$n/$n.jpg" -o "$n-out.jpg" --diagram "$n.svg" && test -s "$n-out.jpg" && test -s "$n.svg""#
    )
    #expect(run.code == 0 && run.log.isEmpty, "\(run)")
    #expect(run.output.contains("\"file\":\"\(Self.inJSON)/\(Self.inJSON).jpg\""), "\(run)")
    #expect(
      try file(run.output.split(separator: "\n")[0])
        == "caf\\xe9\u{1B}[1m\\xe9/caf\\xe9\u{1B}[1m\\xe9.jpg")
    let missing = try shell(folder, #"$vedette colours "no$n""#)
    #expect(missing.code == 66)
    #expect(missing.log.contains("no\(Self.shown) cannot be read: No such file"), "\(missing)")
  }

  @Test func `Faces are looked for in such folders and files, and drawn into others`() throws {
    let folder = try made()
    let run = try shell(
      folder,
      #"$vedette faces --json "$n" -o "out$n" && ls "out$n" | wc -l && test -s "out$n/$n.jpg""#)
    #expect(run.code == 0 && run.log.isEmpty, "\(run)")
    let lines = run.output.split(separator: "\n")
    #expect(lines.count == 3 && lines.last?.contains("2") == true, "\(run)")
    #expect(try file(lines[1])?.hasSuffix("caf\\xe9\u{1B}[1m\\xe9.jpg") == true)
    let text = try shell(folder, #"$vedette faces "$n/$n.jpg""#)
    #expect(text.output.hasPrefix("\(Self.shown)/\(Self.shown).jpg: no face"), "\(text)")
  }

  @Test func `A gallery lies in such a file, and is read from and written to others`() throws {
    let folder = try made()
    let numbers = (0..<128).map { "\(Double($0) / 900)" }.joined(separator: ",")
    try folder.write(
      "in.jsonl", Array(#"{"name":"Ada","model":"m","encoding":[\#(numbers)]}"#.utf8))
    let run = try shell(
      folder,
      #"""
      mv in.jsonl "$n.jsonl"
      $vedette gallery import "$n.jsonl" --gallery "$n/$n.sqlite" || exit 1
      $vedette gallery export "$n.out" --gallery "$n/$n.sqlite" || exit 2
      $vedette gallery status --gallery "$n/$n.sqlite" || exit 3
      test -s "$n/$n.sqlite" && test -s "$n.out" && $vedette gallery list --gallery "$n/$n.sqlite"
      """#)
    #expect(run.code == 0 && run.log.isEmpty, "\(run)")
    #expect(run.output.contains("1 encodings in \(Self.shown).out"), "\(run)")
    #expect(run.output.contains("\(Self.shown)/\(Self.shown).sqlite: version"), "\(run)")
    #expect(run.output.hasSuffix("Ada: 1 encodings, 0 photos\n"), "\(run)")
    let none = try shell(folder, #"$vedette gallery list --gallery "$n/none""#)
    #expect(none.code == 66 && none.log.contains("there is no gallery \(Self.shown)/none"))
  }

  private static let portraits = Fetched.folder("portraits")
  private static let models = Fetched.folder("models")

  @Test(.enabled("photographs and models can be fetched") { portraits != nil && models != nil })
  func `A photograph with such a name shows whom --name says, and nobody without`() throws {
    let folder = try made()
    let (portraits, models) = (try #require(Self.portraits), try #require(Self.models))
    let run = try shell(
      folder,
      #"""
      mkdir staff "staff/$n" && cp '\#(portraits)/obama.jpg' "staff/$n.jpg" && ln -s '\#(models)' "m$n"
      cp '\#(portraits)/biden.jpg' "staff/$n/biden.jpg"
      $vedette gallery add staff --gallery "$n.sqlite" --models "m$n" --json; echo $?
      $vedette gallery add "staff/$n.jpg" --name 'Barack Obama' --gallery "$n.sqlite" --models "m$n"; echo $?
      $vedette gallery search "staff/$n.jpg" --json --gallery "$n.sqlite" --models "m$n"
      $vedette gallery remove --photo "staff/$n.jpg" --gallery "$n.sqlite"; echo $?
      """#)
    let lines = run.output.split(separator: "\n")
    #expect(lines.count == 8, "\(run)")
    for line in lines.prefix(2) {
      #expect(line.contains("a name must be UTF-8: say it with --name"), "\(line)")
    }
    #expect(lines[2] == "65" && lines[3] == "1 added" && lines[4] == "0", "\(run)")
    #expect(lines[5].contains(#""label":"Barack Obama""#), "\(run)")
    #expect(lines[7] == "0", "\(run)")
  }

  @Test func `A configuration, its conf.d and the pictures of a replay have such names`() throws {
    let folder = try made()
    try folder.write(
      "vedette.yaml",
      Array("node: a\ncameras: {front: {replay: {path: pictures, rate: 30}}}\n".utf8))
    try folder.write("more.yaml", Array("node: b\ncameras: {back: {replay: pictures}}\n".utf8))
    let run = try shell(
      folder,
      #"""
      mkdir "$n/conf.d" && mv vedette.yaml "$n/$n.yaml" && mv more.yaml "$n/conf.d/$n.yaml"
      mkdir "$n/pictures" && cp "$n/$n.jpg" "$n/pictures/"
      $vedetted --check --config "$n/$n.yaml" && $vedette check "$n/$n.yaml"
      printf 'x: 1' > "$n/conf.d/0$n"; $vedette check "$n/$n.yaml"
      """#)
    #expect(run.code == 78, "\(run)")
    #expect(
      run.output.contains("\(Self.shown)/\(Self.shown).yaml: right, cameras: front, back"), "\(run)"
    )
    #expect(run.log.contains("\(Self.shown)/conf.d/0\(Self.shown):1:1: not read"), "\(run)")
    let demo = try shell(
      folder,
      #"$vedette demo --seconds 2 --photographs "$n" --save "$n.last" --json && test -s "$n.last""#)
    #expect(demo.code == 0, "\(demo)")
    #expect(demo.output.contains("\"delivered\":"), "\(demo)")
  }

  @Test func `A spool lies in such a folder, and is exported to another`() throws {
    let folder = try made()
    // Port 9 discards; nobody answers there.
    try folder.write(
      "vedette.yaml",
      Array(
        """
        node: a
        kafka: {brokers: ['127.0.0.1:9']}
        delivery: {outage_after: 1 s, shutdown_budget: 1 s}
        spool: {folder: spool}
        status: {socket: off}
        cameras: {front: {replay: {path: '.', rate: 30}}}
        """.utf8))
    let run = try shell(
      folder,
      #"""
      mv vedette.yaml "$n/" && cd "$n" && timeout -s TERM 6 $vedetted --config "../$n/vedette.yaml" 2>../log || cat ../log >&2
      cd ..; $vedette spool status --folder "$n/spool" && $vedette spool check --folder "$n/spool" \
        && $vedette spool export "out$n" --folder "$n/spool" && test -s "out$n/index.jsonl"
      """#)
    #expect(run.code == 0, "\(run)")
    #expect(run.output.contains("\(Self.shown)/spool\n"), "\(run)")
    #expect(run.output.contains(" records in out\(Self.shown), listed in index.jsonl"), "\(run)")
    #expect(!run.output.contains("\n0 records in"), "\(run)")
    let none = try shell(folder, #"$vedette spool status --folder "none$n""#)
    #expect(none.code == 66 && none.log.contains("there is no folder none\(Self.shown)"), "\(none)")
  }

  @Test func `Keys and state of the remote control have such names`() throws {
    let folder = try made()
    let run = try shell(
      folder,
      #"""
      $vedette control keygen "$n/$n" --issuer ops --command '*' && test -s "$n/$n.key" && test -s "$n/$n.pub" \
        && $vedette control overrides --folder "$n" --reset && $vedette control overrides --folder "$n" \
        && $vedette control sign ping --all --key "$n/$n.key"
      """#)
    #expect(run.code == 0, "\(run)")
    #expect(run.output.contains("\(Self.shown)/\(Self.shown).key"), "\(run)")
  }
}
