import Foundation
import Logging
import Settings
import Synchronization
import Testing

@testable import Agent

/// How the agent's services start and end: in which order, and whatever fails or hangs.
@Suite(.timeLimit(.minutes(5))) struct ServiceListTests {
  enum Part: String, CaseIterable, Sendable {
    // In the order in which they start.
    case delivery, analysis, cameras, control

    var patience: StopPatience {
      switch self {
      case .delivery: .rest(grace: 2)
      case .analysis: .share(0.2)
      case .cameras: .share(0.3)
      case .control: .beside(sends: true)
      }
    }
  }

  /// What happened to the services, and what was said of it.
  private final class Book: Sendable {
    struct State {
      var started: [Part] = []
      var told: [Part] = []
      var begun: [Part] = []
      var ended: [Part] = []
      var hurried: [Part] = []
      var adopted: [Part] = []
      var seconds: Double?
      var lines: [String] = []
      var isOver = false
    }

    let state = Mutex(State())
  }

  private struct Fake: Service {
    let part: Part
    let book: Book
    var startFails = false
    var adoptFails = false
    /// It hangs until the test is over, or until it is told to hurry.
    var hangs = false
    var endsHurried = false
    /// What it takes to stop.
    var microseconds: UInt32 = 0
    var health = ServiceHealth.well

    var name: String { part.rawValue }
    var patience: StopPatience { part.patience }

    func start() throws(AgentError) {
      if startFails { throw AgentError("no \(name)", .temporary) }
      book.state.withLock { $0.started.append(part) }
    }

    func adopt(_ new: Assembly, into running: inout Assembly) throws(AgentError) {
      book.state.withLock { $0.adopted.append(part) }
      if adoptFails { throw AgentError("no \(name)", .temporary) }
      running.node = new.node
    }

    func beginStop() { book.state.withLock { $0.told.append(part) } }

    func stop(seconds: Double) {
      book.state.withLock { state in
        state.begun.append(part)
        if part == .delivery { state.seconds = seconds }
      }
      usleep(microseconds)
      let last = Date().addingTimeInterval(30)
      while hangs, Date() < last, !book.state.withLock({ isLetGo($0) }) { usleep(1000) }
      book.state.withLock { $0.ended.append(part) }
    }

    private func isLetGo(_ state: Book.State) -> Bool {
      state.isOver || (endsHurried && state.hurried.contains(part))
    }

    func hurry() { book.state.withLock { $0.hurried.append(part) } }
  }

  private struct Handler: LogHandler {
    let book: Book
    var logLevel = Logger.Level.debug
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { book.state.withLock { $0.lines.append("\(event.message)") } }
  }

  private let book = Book()

  private var list: ServiceList {
    ServiceList(logger: Logger(label: "test") { [book] _ in Handler(book: book) })
  }

  private func services(_ change: (Part, inout Fake) -> Void = { _, _ in }) -> [any Service] {
    Part.allCases.map { part in
      var fake = Fake(part: part, book: book)
      change(part, &fake)
      return fake
    }
  }

  private func run(
    seconds: Double = 6, _ change: (Part, inout Fake) -> Void = { _, _ in }
  ) throws -> (isDone: Bool, state: Book.State) {
    let list = list
    try list.start(services(change), budget: seconds)
    let isDone = list.stop(seconds: seconds)
    return book.state.withLock { state in
      defer { state.isOver = true }
      return (isDone, state)
    }
  }

  private func run(
    hanging: Part, seconds: Double = 6
  ) throws -> (isDone: Bool, state: Book.State) {
    try run(seconds: seconds) { $1.hangs = $0 == hanging }
  }

  @Test func `They start in their order and end in the other`() throws {
    let (isDone, state) = try run(seconds: 1000)
    #expect(isDone && state.lines.isEmpty && state.hurried.isEmpty)
    #expect(state.started == Part.allCases)
    #expect(state.told == Part.allCases.reversed())
    // Control ends beside the others.
    #expect(state.ended.filter { $0 != .control } == [.cameras, .analysis, .delivery])
    #expect(Set(state.ended) == Set(Part.allCases))
    // All that nobody used.
    #expect(state.seconds ?? 0 > 900)
  }

  @Test func `All are told before the first is stopped`() throws {
    let list = list
    let book = book
    struct First: Service {
      let book: Book
      let name = "first"
      let patience = StopPatience.seconds(5)
      func start() {}
      func stop(seconds: Double) {
        let told = book.state.withLock { $0.told }
        #expect(told == Part.allCases.reversed())
      }
    }
    try list.start(services() + [First(book: book)], budget: 6)
    #expect(list.stop(seconds: 6))
  }

  @Test(arguments: Part.allCases)
  func `One that cannot be started has those before it stopped in order`(part: Part) throws {
    let list = list
    let parts = Array(Part.allCases.prefix { $0 != part })
    let error = #expect(throws: AgentError.self) {
      try list.start(services { $1.startFails = $0 == part }, budget: 6)
    }
    #expect(error?.description == "no \(part)")
    let state = book.state.withLock { $0 }
    #expect(state.started == parts && state.ended == parts.reversed())
    #expect(state.lines.count == 1 && state.lines[0].contains("\(part) could not be started"))
    // There is nothing left to be stopped.
    #expect(list.stop(seconds: 6))
    #expect(book.state.withLock { $0.ended } == parts.reversed())
  }

  @Test(arguments: Part.allCases)
  func `Whatever hangs keeps nothing else from its end, and is named`(part: Part) throws {
    let (isDone, state) = try run(hanging: part)
    #expect(!isDone)
    #expect(Set(state.ended) == Set(Part.allCases).subtracting([part]))
    #expect(state.lines.count == 1, "\(state.lines)")
    let line = state.lines.first ?? ""
    #expect(line.contains("\(part.rawValue) did not end") && line.contains("is left behind"))
  }

  @Test func `Pictures that are looked at for too long are given up, and nothing is left behind`()
    throws
  {
    let (isDone, state) = try run(seconds: 10) { part, fake in
      fake.hangs = part == .analysis
      fake.endsHurried = true
    }
    #expect(isDone && state.lines.isEmpty)
    #expect(state.hurried == [.analysis])
    #expect(state.ended.filter { $0 != .control } == [.cameras, .analysis, .delivery])
  }

  @Test func `Delivery has its time though control has used up the budget`() throws {
    let (_, state) = try run(hanging: .control, seconds: 0.1)
    #expect(state.seconds == 0.5)
    #expect(state.begun.contains(.delivery))
  }

  @Test func `Delivery waits a moment for the last records of those that end beside it`() throws {
    let (isDone, state) = try run { part, fake in
      if part == .control { fake.microseconds = 300_000 }
    }
    #expect(isDone)
    #expect(state.ended == [.cameras, .analysis, .control, .delivery])
  }

  @Test func `Another configuration reaches all of them, though one cannot be made so`() throws {
    let list = list
    try list.start(services { $1.adoptFails = $0 == .control || $0 == .analysis }, budget: 6)
    defer { _ = list.stop(seconds: 6) }
    var running = Assembly(Settings(node: "a"))
    let error = #expect(throws: AgentError.self) {
      try list.adopt(Assembly(Settings(node: "b")), into: &running)
    }
    #expect(error?.description == "no control")
    // What comes first on a frame's way comes first.
    #expect(book.state.withLock { $0.adopted } == Part.allCases.reversed())
    #expect(running.node == "b")
  }

  @Test func `What hangs is named, and what is impaired hangs not`() throws {
    let list = list
    let all = services { part, fake in
      fake.health = part == .cameras ? .stuck("front") : .impaired("no disk")
    }
    try list.start(all, budget: 6)
    #expect(list.stuck == ["cameras: front"])
    #expect(list.stop(seconds: 6))
    #expect(list.stuck.isEmpty)
  }
}
