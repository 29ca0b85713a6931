import Documents
import Meters
import Terminal

/// The picture as one screen of text, verdict first.
package struct Screen: Sendable {
  /// Fewer cannot hold the cameras' table, more make no line better to read.
  private static let columnsRange = 60...160
  /// Of what an analyser saw last, at most; the page has the rest.
  private static let wordsMax = 4

  private let picture: BoxPicture
  private let columns: Int
  private let isColoured: Bool

  /// - Parameters:
  ///   - columns: of the terminal; no line is longer.
  ///   - isColoured: whether escape sequences for colours are put in.
  package init(_ picture: BoxPicture, columns: Int = 80, isColoured: Bool = false) {
    self.picture = picture
    self.columns = min(max(columns, Self.columnsRange.lowerBound), Self.columnsRange.upperBound)
    self.isColoured = isColoured
  }

  /// Ends with a newline.
  package var text: String {
    let parts = [head, alarms, cameras, drops, rest].filter { !$0.isEmpty }
    return parts.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
  }

  private var head: [String] {
    let word = " \(picture.health.name.uppercased()) "
    let colour =
      switch picture.health {
      case .ok: "30;42"
      case .warning: "30;43"
      case .critical: "97;41"
      }
    let verdict = picture.alarms.isEmpty ? picture.verdict : Self.count(picture.alarms.count)
    let uptime = "up \(Wording.duration(picture.uptime))"
    // By their lengths without colours.
    let left = "\(word) \(picture.node): \(verdict)".terminalField
    let room = columns - uptime.count - 1
    let shown = left.count > room ? left.prefix(max(0, room - 1)) + "…" : left[...]
    let gap = String(repeating: " ", count: max(1, columns - shown.count - uptime.count))
    return [paint(word, colour) + shown.dropFirst(word.count) + gap + uptime]
  }

  private static func count(_ alarms: Int) -> String {
    alarms == 1 ? "1 alarm" : "\(alarms) alarms"
  }

  private var alarms: [String] {
    picture.alarms.flatMap { alarm in
      let colour = alarm.severity == .critical ? "1;31" : "33"
      let ago = picture.uptimeAge(of: alarm)
      let lines = wrap(alarm.sentence, to: columns - 4)
      return lines.enumerated().map { index, line in
        index == 0 ? "  \(paint("!", colour)) \(paint(line, colour))" : "    \(paint(line, colour))"
      } + ["    raised \(Wording.duration(ago)) ago"]
    }
  }

  /// Of the cameras' table, and the gap after each; together 80 columns.
  private static let widths = [16, 10, 19, 19, 5, 6]
  /// Where the terminal is too narrow for all, what was asked is left out.
  private static let asked = 2

  /// Of the first column: what is left of a wide terminal is for long names.
  private var titleWidth: Int {
    let longest = picture.cameras.map(\.name.count).max() ?? 0
    return min(max(longest, Self.widths[0]), Self.widths[0] + max(0, columns - 80))
  }

  private var cameras: [String] {
    let titles = ["CAMERA", "STATE", "ASKED", "GIVES", "FPS", "LAST"]
    var lines = [paint(row(titles), "1")]
    for camera in picture.cameras {
      let isWell =
        (camera.state == .streaming || camera.state == .ended) && !camera.outcome.isTotal
      let cells = [
        camera.name, camera.state.rawValue.replacing("_", with: " "), Self.short(camera.asked),
        Self.short(camera.negotiated), Wording.tenths(camera.measuredRate),
        camera.lastFrameAge.map { Wording.age($0) } ?? "-",
      ]
      lines.append(isWell ? row(cells) : paint(row(cells), "31"))
    }
    return lines
  }

  private func row(_ cells: [String]) -> String {
    var cells = cells
    var widths = Self.widths
    widths[0] = titleWidth
    if columns < 80 {
      cells.remove(at: Self.asked)
      widths.remove(at: Self.asked)
    }
    return Self.trimmed(zip(cells, widths).map(Self.fit).joined(separator: " "))
  }

  /// The text in exactly so many columns.
  private static func fit(_ text: String, _ width: Int) -> String {
    let text = text.terminalField
    let shown = text.count > width ? text.prefix(width - 1) + "…" : text[...]
    return shown + String(repeating: " ", count: width - shown.count)
  }

  private static func trimmed(_ text: String) -> String {
    var text = text
    while text.last == " " { text.removeLast() }
    return text
  }

  private static func short(_ setting: StreamSetting?) -> String {
    guard let setting else { return "-" }
    var words: [String] = []
    if !setting.format.isEmpty { words.append(setting.format) }
    if setting.width > 0 { words.append("\(setting.width)x\(setting.height)") }
    var text = words.joined(separator: " ")
    if setting.rate > 0 { text += "@\(Wording.rate(setting.rate))" }
    return text.isEmpty ? "any" : text
  }

  /// Where frames went, of each camera.
  private var drops: [String] {
    picture.cameras.flatMap { camera in
      let counts = camera.counts
      let waiting = counts.inPipeline + counts.inMemory + counts.inFlight
      var parts = ["captured \(counts.captured)", "delivered \(counts.delivered)"]
      if waiting > 0 { parts.append("waiting \(waiting)") }
      if counts.spooled > 0 { parts.append("spooled \(counts.spooled)") }
      if counts.dead > 0 { parts.append("dead \(counts.dead)") }
      let reasons = DropReason.allCases.compactMap { reason in
        counts.dropped(reason) > 0 ? "\(reason.rawValue) \(counts.dropped(reason))" : nil
      }
      parts.append(
        reasons.isEmpty ? "dropped 0" : "dropped: " + reasons.joined(separator: ", "))
      if camera.outcome.lost > 0 {
        parts.append(
          "lost \(Wording.percent(camera.outcome.share)) of the last \(Wording.duration(camera.outcome.seconds))"
        )
      }
      if camera.lostByDriver > 0 { parts.append("lost by driver \(camera.lostByDriver)") }
      if camera.repaired > 0 { parts.append("repaired \(camera.repaired)") }
      if camera.reopened > 0 { parts.append("reopened \(camera.reopened)") }
      if !counts.isBalanced { parts.append("THE LEDGER DOES NOT BALANCE") }
      return section(camera.name, parts.joined(separator: ", "))
    }
  }

  private var rest: [String] {
    var lines = section("delivery", delivery)
    lines += section("spool", spool)
    if let analysis = picture.analysis {
      lines += analysis.cameras.flatMap { section("analysis", Self.sentence($0)) }
      lines += analysis.cameras.flatMap { camera in
        Self.seen(camera).map { section("seen", "\(camera.name): \($0)") } ?? []
      }
    }
    if let gallery = picture.gallery {
      lines += section(
        "gallery",
        "version \(gallery.version), \(gallery.people) people, \(gallery.encodings) encodings, \(gallery.hash.prefix(12))"
      )
    }
    if let control = picture.control {
      lines += section("control", self.control(control))
      if let overlay = control.overlay {
        lines += section("changed", "over the files: \(overlay.canonicalText)")
      }
    }
    return lines + section("box", system)
  }

  private var delivery: String {
    let delivery = picture.delivery
    let brokers = delivery.brokers.joined(separator: ",")
    let state =
      delivery.outage.map { "no broker acknowledges, for \(Wording.duration($0))" }
      ?? "acknowledges"
    var parts = [
      "\(brokers) \(state)", "in flight \(delivery.inFlight)",
      "waiting \(delivery.waiting) in memory",
      picture.spool.map { "\($0.records) on disk" } ?? "none on disk",
      "memory \(Wording.bytes(delivery.bytes)) of \(Wording.bytes(delivery.bytesMax))",
    ]
    let slowest = picture.cameras.map(\.latency).filter { $0.p99 != nil }
      .max { ($0.p99 ?? 0) < ($1.p99 ?? 0) }
    if let slowest, let p50 = slowest.p50, let p99 = slowest.p99 {
      parts.append("latency \(Wording.short(p50)), 99 % under \(Wording.short(p99))")
    }
    return parts.joined(separator: ", ")
  }

  private var spool: String {
    guard let spool = picture.spool else { return "off: an outage longer than memory loses frames" }
    if let fault = spool.fault { return "cannot be used: \(fault)" }
    let limit = spool.nearestLimit
    let disk =
      "\(Wording.bytes(limit.bytes)) of \(Wording.bytes(limit.quota)) on disk (\(Wording.percent(spool.share)) of \(limit.option))"
    guard spool.records > 0 else {
      return "nothing waits, \(disk)" + Self.dead(spool)
    }
    let records = spool.records == 1 ? "1 record waits" : "\(spool.records) records wait"
    var parts = ["\(records) (\(Wording.bytes(spool.waitingBytes)))", disk]
    if let age = spool.oldestAge { parts.append("oldest \(Wording.duration(age))") }
    if let rate = spool.replayRate {
      parts.append("replay \(Wording.bytes(Int(rate)))/s")
      if let time = spool.timeToEmpty { parts.append("empty in \(Wording.duration(time))") }
    }
    if spool.isFull { parts.append("full, loses \(Wording.tenths(spool.lossRate)) a second") }
    if let time = spool.timeToFull { parts.append("full in \(Wording.duration(time))") }
    return parts.joined(separator: ", ") + Self.dead(spool)
  }

  private func control(_ control: ControlView) -> String {
    var parts = [control.keys == 1 ? "1 key" : "\(control.keys) keys"]
    if control.keys == 0 { parts = ["no key: nobody is obeyed"] }
    if let heard = control.heard {
      parts.append("heard \(Wording.duration(Double(max(0, picture.wall - heard)) / 1e6)) ago")
    } else {
      parts.append("nothing heard yet")
    }
    if let last = control.last {
      let who = last.issuer.isEmpty ? "" : " by \(last.issuer)"
      parts.append("last: \(last.command.isEmpty ? "a message" : last.command)\(who) \(last.state)")
    }
    return parts.joined(separator: ", ")
  }

  private static func dead(_ spool: SpoolView) -> String {
    spool.deadRecords > 0 ? ", \(spool.deadRecords) dead" : ""
  }

  private static func sentence(_ camera: AnalysisView.Camera) -> String {
    var parts = ["\(camera.name): \(camera.analysed) pictures"]
    if let p50 = camera.time.p50 { parts.append("\(Wording.short(p50)) each") }
    parts.append("skipped \(camera.skipped)")
    if camera.failed > 0 { parts.append("failed \(camera.failed)") }
    parts += camera.counters.map { "\($0.value) \($0.name)" }
    return parts.joined(separator: ", ")
  }

  /// What analysers saw last; nil for nothing.
  private static func seen(_ camera: AnalysisView.Camera) -> String? {
    let parts = camera.rows.compactMap { row -> String? in
      guard case .words(let words) = row.value, !words.isEmpty, !row.title.isEmpty else {
        return nil
      }
      let more = words.count > wordsMax ? ", …" : ""
      return "\(row.title): \(words.prefix(wordsMax).joined(separator: ", "))\(more)"
    }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  private var system: String {
    let system = picture.system
    var parts: [String] = []
    switch system.isSynchronised {
    case true: parts.append("clock synchronised")
    case false: parts.append("clock not synchronised")
    default: parts.append("clock unknown")
    }
    if let free = system.diskFree { parts.append("disk \(Wording.bytes(free)) free") }
    if let temperature = system.temperature { parts.append("\(Wording.rate(temperature)) °C") }
    parts.append("agent \(Wording.bytes(system.residentBytes))")
    if !picture.version.isEmpty { parts.append("version \(picture.version)") }
    return parts.joined(separator: ", ")
  }

  /// A title in the first column and text beside it, over as many lines as it takes.
  private func section(_ title: String, _ text: String) -> [String] {
    let width = titleWidth
    return wrap(text, to: columns - width - 1, separator: ", ").enumerated().map { index, line in
      guard index == 0 else { return String(repeating: " ", count: width + 1) + line }
      let fitting = Self.trimmed(Self.fit(title, width))
      let gap = String(repeating: " ", count: width - fitting.count + 1)
      return paint(fitting, "1") + gap + line
    }
  }

  /// Lines of at most `width`, broken between the parts of the text where that can be, else between words, else anywhere.
  private func wrap(_ text: String, to width: Int, separator: String = " ") -> [String] {
    let parts = text.terminalField.split(separator: separator)
    let ending = separator.dropLast()
    var lines: [String] = []
    for (index, part) in parts.enumerated() {
      let part = index < parts.count - 1 ? part + ending : part
      if let line = lines.last, line.count + 1 + part.count <= width {
        lines[lines.count - 1] = "\(line) \(part)"
      } else if part.count <= width {
        lines.append(String(part))
      } else if separator == " " {
        lines += Self.pieces(of: part, width)
      } else {
        lines += wrap(String(part), to: width)
      }
    }
    return lines.isEmpty ? [""] : lines
  }

  private static func pieces(of word: Substring, _ width: Int) -> [String] {
    var rest = word
    var pieces: [String] = []
    while !rest.isEmpty {
      pieces.append(String(rest.prefix(width)))
      rest = rest.dropFirst(width)
    }
    return pieces
  }

  private func paint(_ text: String, _ colour: String) -> String {
    isColoured && !text.isEmpty ? "\u{1B}[\(colour)m\(text)\u{1B}[0m" : text
  }
}

extension BoxPicture {
  /// For how long an alarm is raised, in seconds.
  package func uptimeAge(of alarm: Alarm) -> Double {
    max(0, uptime - alarm.raisedAt)
  }
}
