package import Analysis
import Documents
import Frames
import Imaging
import Inference
import Keys
import Motion
import Paths

/// Names what a camera's pictures show, once they have shown it for a while, and tells when they no longer do.
package final class LabelAnalyser: Analyser {
  package typealias Options = LabelOptions

  package static let outputs = [
    AnalyserOutput("labels", topic: "events", type: "vedette.labels.v1", .event),
    .chips("label-chips"),
  ]
  package static let counters = [
    AnalyserCounter("labels", help: "Times that a class appeared in what was looked at.")
  ]
  package static let tallies = [
    AnalyserTally(
      "labels", by: "class",
      help: "Times that the class appeared; classes beyond the first hundred count as other.")
  ]
  package static let rows = [AnalyserRow("recognised", title: "Labels", empty: .words([]))]
  package static let models = models(LabelOptions())
  package static let failure = "nothing is named"

  /// Names that are shown of the last picture, at most.
  private static let shownMax = 8
  private static let chipSize = FrameSize(width: 224, height: 224)
  /// What is looked at around something that moves, in parts of its longer side.
  private static let margin = 0.2
  /// It is looked at in a square of so many pixels at least.
  private static let sideMin = 64.0

  /// A part of a picture, and what it shows.
  private struct Part {
    var box: PictureBox
    /// Those that are sure enough, the surest first.
    var labels: [Label]
  }

  private var options = LabelOptions()
  private var detector = MotionDetector()
  /// One for all of the picture, one for each region, or one for all that moves.
  private var episodes: [LabelEpisodes] = []
  /// Which classes are told of, by the network that knows them.
  private var choice: (network: Network, names: Set<String>?)?

  package static func models(_ options: LabelOptions) -> [AnalyserModel] {
    let standard = LabelOptions().model
    guard options.model != standard else {
      return [
        AnalyserModel(
          standard, use: "labels", licence: "BSD-3-Clause", source: "tools/models --labels")
      ]
    }
    return [
      AnalyserModel(options.model, use: "labels", licence: "see its YAML", source: nil)
    ]
  }

  package static func complaints(_ options: LabelOptions, models: String) -> [String] {
    var complaints: [String] = []
    if options.what == .regions, options.regions.isEmpty { complaints.append(noRegions) }
    let path = options.path(in: models)
    // That it is not there is said of each model.
    guard (try? OpenFile(path)) != nil else { return complaints }
    do throws(InferenceError) {
      let description = try NetworkDescription(beside: path)
      _ = try ClassChoice.names(
        options.only, of: ClassNames(path: description.classes), listedIn: description.classes)
    } catch {
      complaints.append(error.description)
    }
    return complaints
  }

  private static let noRegions =
    "labels.what is regions, and labels.regions names none: give some, such as [640x480+0+0]"

  package init() {}

  package func adopt(_ options: LabelOptions, quality: Int) {
    let old = self.options
    if options.what != old.what || options.regions != old.regions || options.model != old.model {
      episodes = []
      detector = MotionDetector()
    }
    choice = nil
    self.options = options
  }

  package func look(
    at picture: DecodedPicture, with tools: AnalysisTools, into report: inout AnalysisReport
  ) throws {
    let slots = try slots(of: picture)
    if episodes.count != slots.count {
      episodes = Array(repeating: LabelEpisodes(), count: slots.count)
    }
    var shown: [Label] = []
    var chips = 0
    for (slot, boxes) in slots.enumerated() {
      let network: Network
      var parts: [Part] = []
      do throws(InferenceError) {
        // Also where nothing moves: a model that is missing is told at once, not with the first movement.
        network = try tools.shared { _ in Networks() }.network(options.path(in: tools.models))
        let names = try names(of: network)
        for box in boxes where !tools.stop.isSet {
          parts.append(Part(box: box, labels: try labels(picture, box, network, names)))
        }
      } catch {
        throw AnalyserFault(error)
      }
      guard !tools.stop.isSet else { throw AnalyserFault(.cancelled, "the agent stops") }
      shown += parts.flatMap(\.labels)
      let appeared = tell(slot, parts, network, &report)
      guard options.chips else { continue }
      for part in parts where chips < options.maxChips {
        guard let label = part.labels.first(where: { appeared.contains($0.name) }) else { continue }
        chips += 1
        report.records.append(
          AnalyserRecord(
            "label-chips",
            .jpeg(
              try picture.chip(part.box, Self.chipSize, by: tools.encoder), Self.chipSize),
            headers: [
              ("ce_label", label.name), ("ce_model", network.identity),
              ("ce_box", part.box.json.canonicalText),
            ]))
      }
    }
    let isStill = options.what == .motion && slots[0].isEmpty
    report.rows["recognised"] = .words(Self.words(shown, isStill: isStill))
  }

  private static func words(_ labels: [Label], isStill: Bool) -> [String] {
    guard !isStill else { return ["nothing moves"] }
    guard !labels.isEmpty else { return ["nothing recognised"] }
    var best: [String: Float] = [:]
    for label in labels { best[label.name] = max(label.confidence, best[label.name] ?? 0) }
    return best.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(shownMax)
      .map { "\($0.key) \(Int(($0.value * 100).rounded())) %" }
  }

  // MARK: Looking

  /// What is looked at: each of these has what it shows told by itself.
  private func slots(of picture: DecodedPicture) throws -> [[PictureBox]] {
    switch options.what {
    case .picture:
      let size = try picture.planes.size
      return [[PictureBox(x: 0, y: 0, width: Double(size.width), height: Double(size.height))]]
    case .regions:
      guard !options.regions.isEmpty else { throw AnalyserFault(.lasting, Self.noRegions) }
      let size = try picture.planes.size
      return try options.regions.map { region in
        guard let box = PictureBox(region).within(size) else {
          throw AnalyserFault(
            .passing,
            "the region \(KeyValue.area(region).text) is not within the picture of \(size)")
        }
        return [box]
      }
    case .motion:
      let (frame, grey) = try picture.grey
      let finding = detector.look(
        at: grey, frame: frame, time: picture.published.time.monotonic)
      return [
        finding.boxes.prefix(options.maxChips).map { box in
          PictureBox(KeyArea(x: box.x, y: box.y, width: box.width, height: box.height))
            .around(Self.margin, sideMin: Self.sideMin, in: frame)
        }
      ]
    }
  }

  private func names(of network: Network) throws(InferenceError) -> Set<String>? {
    if let choice, choice.network === network { return choice.names }
    let names = try ClassChoice.names(
      options.only, of: network.classes, listedIn: network.description.classes)
    choice = (network, names)
    return names
  }

  private func labels(
    _ picture: DecodedPicture, _ box: PictureBox, _ network: Network, _ names: Set<String>?
  ) throws(InferenceError) -> [Label] {
    // Of some classes the surest may be far behind others.
    let all = try picture.labels(
      box, by: network, top: names == nil ? options.top : network.classes.names.count)
    let sure = all.filter {
      Double($0.confidence) >= options.confidence && names?.contains($0.name) ?? true
    }
    return Array(sure.prefix(options.top))
  }

  // MARK: Telling

  /// What appeared or is no longer there, once `hold` pictures have said so.
  /// - Returns: the classes that appeared.
  private func tell(
    _ slot: Int, _ parts: [Part], _ network: Network, _ report: inout AnalysisReport
  ) -> [String] {
    let change = episodes[slot].note(Set(parts.flatMap(\.labels).map(\.name)), hold: options.hold)
    guard !change.isEmpty else { return [] }
    report.counts["labels", default: 0] += change.appeared.count
    for name in change.appeared { report.tallies["labels", default: [:]][name, default: 0] += 1 }
    var members: [(String, JSON)] = [
      ("model", .string(network.identity)), ("what", .string(options.what.rawValue)),
    ]
    if options.what == .regions { members.append(("region", .integer(slot))) }
    members += [
      ("appeared", .array(change.appeared.map { .string($0) })),
      ("disappeared", .array(change.disappeared.map { .string($0) })),
      ("present", .array(episodes[slot].present.map { .string($0) })),
      ("parts", .array(parts.map(Self.json))),
    ]
    report.records.append(AnalyserRecord("labels", .json(members)))
    return change.appeared
  }

  private static func json(_ part: Part) -> JSON {
    .object([
      ("box", part.box.json),
      (
        "labels",
        .array(
          part.labels.map {
            .object([
              ("class", .string($0.name)), ("number", .integer($0.index)),
              ("confidence", .rounded(Double($0.confidence))),
            ])
          })
      ),
    ])
  }
}
