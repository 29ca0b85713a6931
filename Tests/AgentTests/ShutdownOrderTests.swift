import Foundation
import Logging
import Synchronization
import Testing

@testable import Agent

/// How the agent ends: in which order, and whatever hangs.
@Suite(.timeLimit(.minutes(5))) struct ShutdownOrderTests {
  enum Part: String, CaseIterable, Sendable { case cameras, analysis, control, delivery }

  /// What ended and what was said of it. A part that hangs does so until the test is over.
  private final class Ended: Sendable {
    struct State {
      var begun: [Part] = []
      var ended: [Part] = []
      var seconds: Double?
      var lines: [String] = []
      var isOver = false
    }

    let state = Mutex(State())

    func end(_ part: Part, isHanging: Bool) {
      state.withLock { $0.begun.append(part) }
      let last = Date().addingTimeInterval(30)
      while isHanging, Date() < last, !state.withLock({ $0.isOver }) { usleep(1000) }
      state.withLock { $0.ended.append(part) }
    }
  }

  private struct Handler: LogHandler {
    let ended: Ended
    var logLevel = Logger.Level.debug
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { ended.state.withLock { $0.lines.append("\(event.message)") } }
  }

  private func run(
    hanging: Part? = nil, seconds: Double = 6
  ) -> (isDone: Bool, state: Ended.State) {
    let ended = Ended()
    let order = ShutdownOrder(
      cameras: { ended.end(.cameras, isHanging: hanging == .cameras) },
      analysis: { ended.end(.analysis, isHanging: hanging == .analysis) }, hurryAnalysis: {},
      control: { ended.end(.control, isHanging: hanging == .control) },
      delivery: { left in
        ended.state.withLock { $0.seconds = left }
        ended.end(.delivery, isHanging: hanging == .delivery)
      }, logger: Logger(label: "test") { _ in Handler(ended: ended) })
    let isDone = order.run(seconds: seconds)
    return ended.state.withLock { state in
      defer { state.isOver = true }
      return (isDone, state)
    }
  }

  @Test func `Cameras end first, and delivery after all that gives it something`() {
    let (isDone, state) = run(seconds: 1000)
    #expect(isDone && state.lines.isEmpty)
    #expect(state.begun.first == .cameras && state.ended.last == .delivery)
    #expect(Set(state.ended) == Set(Part.allCases))
    // All that nobody used.
    #expect(state.seconds ?? 0 > 900)
  }

  @Test(arguments: Part.allCases)
  func `Whatever hangs keeps nothing else from its end, and is named`(part: Part) {
    let (isDone, state) = run(hanging: part)
    #expect(!isDone)
    #expect(Set(state.ended) == Set(Part.allCases).subtracting([part]))
    if part != .cameras { #expect(state.ended.first == .cameras) }
    #expect(state.lines.count == 1, "\(state.lines)")
    let line = state.lines.first ?? ""
    #expect(line.contains("\(part.rawValue) did not end") && line.contains("is left behind"))
  }

  @Test func `Pictures that are looked at for too long are given up, and nothing is left behind`() {
    let ended = Ended()
    let isHurried = Mutex(false)
    let order = ShutdownOrder(
      cameras: { ended.end(.cameras, isHanging: false) },
      analysis: {
        let last = Date().addingTimeInterval(30)
        while Date() < last, !isHurried.withLock({ $0 }) { usleep(1000) }
        ended.end(.analysis, isHanging: false)
      },
      hurryAnalysis: {
        // Not before they had time to come to their end.
        #expect(ended.state.withLock { $0.ended.contains(.cameras) })
        isHurried.withLock { $0 = true }
      }, control: {}, delivery: { _ in },
      logger: Logger(label: "test") { _ in Handler(ended: ended) })
    #expect(order.run(seconds: 20))
    #expect(ended.state.withLock { $0.lines } == [])
    #expect(ended.state.withLock { $0.ended } == [.cameras, .analysis])
  }

  @Test func `Pictures that are soon looked at to their end are not given up`() {
    let ended = Ended()
    let order = ShutdownOrder(
      cameras: {}, analysis: { ended.end(.analysis, isHanging: false) },
      hurryAnalysis: { Issue.record("they were given up") }, control: {}, delivery: { _ in },
      logger: Logger(label: "test") { _ in Handler(ended: ended) })
    #expect(order.run(seconds: 600))
    #expect(ended.state.withLock { $0.ended } == [.analysis])
  }

  @Test func `Delivery has its time though control has used up the budget`() {
    let (_, state) = run(hanging: .control, seconds: 0.1)
    #expect(state.seconds == 0.5)
    #expect(state.begun.contains(.delivery))
  }
}
