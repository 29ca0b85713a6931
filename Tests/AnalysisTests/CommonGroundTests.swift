import Frames
import Keys
import Synchronization
import Testing
import Threads

@testable import Analysis

/// What is common to all analysers: turns, rates, pauses, counters.
@Suite struct CommonGroundTests {
  private static let picture = PublishedPicture(
    jpeg: BytePool().take(capacity: 1), size: FrameSize(width: 1, height: 1),
    time: FrameTime(monotonic: 0, wall: 0), sequence: 1)

  /// The sentences that were told, and the outputs that had something, of pictures at these seconds.
  private func look(
    _ first: FirstOptions?, _ second: SecondOptions? = nil, at seconds: [Double]
  ) throws -> (faults: [String], looked: [[String]], analysed: CameraAnalysis) {
    var plan = CameraPlan()
    if let first { plan.set(first) }
    if let second { plan.set(second) }
    let camera = CameraAnalysis(
      plan, [AnalyserKind(First.self), AnalyserKind(Second.self)])
    let tools = try AnalysisTools(models: "/nowhere")
    var faults: [String] = []
    var looked: [[String]] = []
    for second in seconds {
      var picture = Self.picture
      picture.time.monotonic = UInt64(second * 1e9)
      let report = camera.analyse(picture, with: tools) { faults.append($0.description) }
      if let report {
        looked.append(report.records.map(\.output))
        camera.meters.note(report, picture.time, began: 0)
      }
    }
    return (faults, looked, camera)
  }

  @Test func `Each looks at as many pictures as its rate allows`() throws {
    let (faults, looked, _) = try look(
      FirstOptions(rate: 1), SecondOptions(rate: nil), at: [0, 0.5, 1, 1.5, 2])
    #expect(faults.isEmpty)
    #expect(
      looked == [
        ["first", "second"], ["second"], ["first", "second"], ["second"], ["first", "second"],
      ])
  }

  @Test func `Who is switched off does not look, and nothing is analysed`() throws {
    #expect(try look(nil, SecondOptions(), at: [0]).looked == [["second"]])
    let (faults, looked, camera) = try look(nil, at: [0, 1])
    #expect(faults.isEmpty && looked.isEmpty && camera.meters.analysed == 0)
  }

  @Test func `A fault that will come again holds for 30 s, and keeps no other from looking`() throws
  {
    let (faults, looked, camera) = try look(
      FirstOptions(fault: .lasting), SecondOptions(), at: [0, 1, 29, 31])
    #expect(
      faults
        == Array(repeating: "the first does nothing: it is broken; tried again in 30 s", count: 2))
    #expect(looked == Array(repeating: ["second"], count: 4))
    #expect(camera.meters.failed == 2 && camera.meters.analysed == 4)
  }

  @Test func `Names that are counted are bounded, and those beyond count as other`() {
    let tallies = AnalysisTallies()
    for round in 0..<2 {
      for number in 0..<AnalysisTallies.namesMax + 20 {
        var report = AnalysisReport()
        report.tallies = ["seen": ["name \(number)": 1 + round]]
        tallies.note(report)
      }
    }
    let counts = Dictionary(tallies.counts(of: "seen").map { ($0.name, $0.count) }) { $1 }
    #expect(counts.count == AnalysisTallies.namesMax + 1)
    #expect(counts["name 0"] == 3 && counts["name 99"] == 3)
    #expect(counts["other"] == 20 * 3)
    #expect(tallies.counts(of: "unseen").isEmpty)
  }

  @Test func `Pictures, failures and time are counted for each analyser by itself`() throws {
    let began = Clock.monotonic
    let (_, _, camera) = try look(
      FirstOptions(fault: .passing), SecondOptions(rate: 1), at: [0, 0.5, 1, 1.5])
    let limit = Clock.monotonic - began
    let first = try #require(camera.meters.work(of: "first"))
    let second = try #require(camera.meters.work(of: "second"))
    #expect(first.pictures == 0 && first.failed == 4)
    #expect(second.pictures == 2 && second.failed == 0)
    // Whoever looked took some time, and no more than there was.
    #expect(first.nanoseconds > 0 && second.nanoseconds >= Second.nanosecondsMin * 2)
    #expect(first.nanoseconds + second.nanoseconds < limit)
  }

  @Test func `Who is switched on is told of before the first picture, who never was is not`() throws
  {
    let (_, _, camera) = try look(nil, SecondOptions(), at: [])
    #expect(camera.meters.work(of: "second") == AnalyserWork())
    #expect(camera.meters.work(of: "first") == nil)
  }

  @Test func `After a fault that may pass the next picture is looked at`() throws {
    let (faults, looked, camera) = try look(FirstOptions(fault: .passing), at: [0, 1, 2])
    #expect(faults == Array(repeating: "the first does nothing: it is broken", count: 3))
    #expect(looked.isEmpty && camera.meters.failed == 3 && camera.meters.analysed == 0)
  }

  @Test func `What was seen before a fault is sent all the same`() throws {
    let (faults, looked, camera) = try look(
      FirstOptions(fault: .late), SecondOptions(), at: [0, 1])
    #expect(faults == Array(repeating: "the first does nothing: it is broken", count: 2))
    #expect(looked == Array(repeating: ["first", "second"], count: 2))
    #expect(camera.meters.failed == 2 && camera.meters.analysed == 2)
  }

  @Test func `That the work was to end is no fault, and nobody looks after that`() throws {
    let (faults, looked, camera) = try look(
      FirstOptions(fault: .cancelled), SecondOptions(), at: [0])
    #expect(faults.isEmpty && looked.isEmpty && camera.meters.failed == 0)
  }

  @Test func `New options end a pause, and what was counted stays`() throws {
    let (_, _, camera) = try look(FirstOptions(fault: .lasting), SecondOptions(), at: [0, 1])
    #expect(camera.meters.count("seen") == 2)
    var plan = CameraPlan()
    plan.set(FirstOptions())
    camera.set(plan)
    var picture = Self.picture
    picture.time.monotonic = 2_000_000_000
    let report = camera.analyse(picture, with: try AnalysisTools(models: "/nowhere")) {
      Issue.record("\($0)")
    }
    #expect(report?.records.map(\.output) == ["first"])
    #expect(camera.meters.count("seen") == 2)
  }
}

private struct FirstOptions: AnalyserOptions {
  enum Fault: String, CaseIterable { case none, passing, late, lasting, cancelled }

  var rate: Double?
  var fault = Fault.none
  static let name = "first"
  static let summary = "does what it is told"
  static let keys: [Key<FirstOptions>] = [
    .rate("rate", \.rate, "per second"), .choice("fault", \.fault, "what is wrong"),
  ]

  init() {}
  init(rate: Double? = nil, fault: Fault = .none) {
    self.rate = rate
    self.fault = fault
  }
}

private final class First: Analyser {
  typealias Options = FirstOptions
  static let outputs = [AnalyserOutput("first", topic: "events", type: "vedette.first.v1", .event)]
  static let failure = "the first does nothing"
  private var options = FirstOptions()

  func adopt(_ options: FirstOptions, quality: Int) { self.options = options }

  func look(
    at picture: DecodedPicture, with tools: AnalysisTools, into report: inout AnalysisReport
  ) throws {
    if options.fault == .none || options.fault == .late {
      report.records = [AnalyserRecord("first", .json([]))]
    }
    switch options.fault {
    case .none: break
    case .late: throw AnalyserFault(.passing, "it is broken")
    case .passing: throw AnalyserFault(.passing, "it is broken")
    case .lasting: throw AnalyserFault(.lasting, "it is broken")
    case .cancelled: throw AnalyserFault(.cancelled, "it was to end")
    }
  }
}

private struct SecondOptions: AnalyserOptions {
  var rate: Double?
  static let name = "second"
  static let summary = "looks"
  static let keys: [Key<SecondOptions>] = [.rate("rate", \.rate, "per second")]

  init() {}
  init(rate: Double? = nil) { self.rate = rate }
}

private final class Second: Analyser {
  typealias Options = SecondOptions
  static let outputs = [
    AnalyserOutput("second", topic: "events", type: "vedette.second.v1", .event)
  ]
  static let counters = [AnalyserCounter("seen", help: "Pictures.")]
  static let failure = "the second does nothing"

  /// What it takes for a picture, at least.
  static let nanosecondsMin: UInt64 = 1_000_000

  func adopt(_ options: SecondOptions, quality: Int) {}

  func look(
    at picture: DecodedPicture, with tools: AnalysisTools, into report: inout AnalysisReport
  ) throws {
    let began = Clock.monotonic
    while Clock.monotonic - began < Self.nanosecondsMin {}
    report.records = [AnalyserRecord("second", .json([]))]
    report.counts = ["seen": 1]
  }
}
