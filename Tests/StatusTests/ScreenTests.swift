import Documents
import Meters
import Testing

@testable import Status

@Suite struct ScreenTests {
  /// A box with everything in it that is long.
  private func badBox() -> BoxPicture {
    var box = healthyBox()
    box.node = String(repeating: "n", count: 63)
    box.cameras[0].name = String(repeating: "c", count: 63)
    box.cameras[0].state = .noDevice
    box.cameras[0].detail = String(repeating: "/dev/v4l/by-id/usb-something", count: 6)
    box.delivery.outage = 100_000
    box.delivery.error = "Connection refused"
    box.spool?.records = 100_000
    box.spool?.bytes = 1_900_000_000
    box.spool?.replayRate = 3e6
    box.spool?.timeToEmpty = 600
    var analysis = AnalysisView()
    var camera = AnalysisView.Camera(name: "c")
    camera.counters = [AnalysisView.Counter(name: "faces", help: "Found.", value: 7)]
    analysis.cameras = [camera]
    box.analysis = analysis
    box.gallery = GalleryView()
    var book = AlarmBook()
    _ = book.update(box, now: 0)
    _ = book.update(box, now: 10)
    box.alarms = book.raised
    return box
  }

  @Test(arguments: [0, 60, 80, 132, 1000])
  func `No line is longer than the terminal is wide`(columns: Int) {
    for box in [healthyBox(), badBox(), BoxPicture()] {
      for line in Screen(box, columns: columns).text.split(separator: "\n") {
        #expect(line.count <= min(max(columns, 60), 160), "\(line)")
      }
    }
  }

  @Test func `A wide terminal shows a long name whole, and columns stay aligned`() {
    let lines = Screen(badBox(), columns: 160).text.split(separator: "\n")
    #expect(lines.contains { $0.hasPrefix(badBox().cameras[0].name + " no device") })
    for columns in [60, 80, 160] {
      let lines = Screen(badBox(), columns: columns).text.split(separator: "\n")
      let header = lines.firstIndex { $0.hasPrefix("CAMERA") }
      let table = header.map { lines[$0...($0 + 1)].map(Array.init) } ?? []
      let starts = table.map { line in
        line.indices.filter { $0 > 0 && line[$0] != " " && line[$0 - 1] == " " }.first
      }
      #expect(starts.count == 2 && starts[0] == starts[1])
    }
  }

  @Test func `What analysers count stands beside their pictures`() {
    #expect(Screen(badBox(), columns: 120).text.contains("c: 0 pictures, skipped 0, 7 faces"))
  }

  @Test func `What analysers saw last is shown by camera, some of much`() {
    var box = badBox()
    func row(_ name: String, _ title: String, _ words: [String]) -> AnalysisView.Row {
      AnalysisView.Row(name: name, title: title, value: .words(words))
    }
    box.analysis?.cameras[0].rows = [
      row("people", "Faces", []), row("motion", "Motion", ["still"]),
      row("recognised", "Labels", ["tabby 72 %", "b 5 %", "c 4 %", "d 3 %", "e 2 %"]),
      AnalysisView.Row(name: "palette", title: "", value: .swatches([])),
    ]
    let lines = Screen(box, columns: 120).text.split(separator: "\n")
    #expect(
      lines.first { $0.hasPrefix("seen ") }?
        .hasSuffix("c: Motion: still; Labels: tabby 72 %, b 5 %, c 4 %, d 3 %, …") == true)
    box.analysis?.cameras[0].rows = []
    #expect(!Screen(box, columns: 120).text.contains("seen "))
  }

  @Test func `What commands have changed over the files is shown, and nothing where nothing is`() {
    var box = healthyBox()
    box.control = ControlView()
    #expect(!Screen(box).text.contains("changed"))
    box.control?.overlay = .object([("frames", .object([("rate", .number(5))]))])
    let row = Screen(box, columns: 120).text.split(separator: "\n").first {
      $0.hasPrefix("changed ")
    }
    #expect(row?.hasSuffix("over the files: {\"frames\":{\"rate\":5}}") == true)
  }

  @Test func `The verdict is the first word`() {
    #expect(Screen(healthyBox()).text.hasPrefix(" OK  door-1: 1 of 1 cameras stream"))
    #expect(Screen(badBox()).text.hasPrefix(" CRITICAL "))
  }

  @Test func `Without colours there is no escape sequence, with them the text is the same`() {
    let plain = Screen(badBox()).text
    #expect(!plain.contains("\u{1B}"))
    let coloured = Screen(badBox(), isColoured: true).text
    #expect(coloured.replacing(#/\u{1B}\[[0-9;]*m/#, with: "") == plain)
  }

  @Test func `Control characters of a device's words do not reach the terminal`() {
    var box = healthyBox()
    box.cameras[0].state = .failed
    box.cameras[0].detail = "bad\u{1B}[2Jname\u{7}\n"
    var book = AlarmBook()
    _ = book.update(box, now: 0)
    _ = book.update(box, now: 10)
    box.alarms = book.raised
    let text = Screen(box).text
    #expect(!text.unicodeScalars.contains { $0.value < 32 && $0 != "\n" })
  }

  @Test(arguments: [
    (0.0, "0.0 s"), (9.94, "9.9 s"), (12.4, "12 s"), (119.4, "119 s"), (120, "2 min"),
    (3600, "1 h"), (7500, "2 h 5 min"), (172_800, "2 d"), (180_000, "2 d 2 h"), (-1, "0.0 s"),
  ])
  func `Durations are written as people say them`(seconds: Double, text: String) {
    #expect(Wording.duration(seconds) == text)
  }

  @Test(arguments: [
    (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_949, "99.9 kB"), (123_456, "123 kB"),
    (999_499, "999 kB"), (999_500, "1.0 MB"), (2_000_000_000, "2.0 GB"),
    (5_000_000_000_000, "5.0 TB"),
  ])
  func `Sizes are written with three digits at most`(bytes: Int, text: String) {
    #expect(Wording.bytes(bytes) == text)
  }
}
