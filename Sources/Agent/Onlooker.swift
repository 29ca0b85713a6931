import Analysers
import Analysis
import Documents
import Gallery
import Journal
import Keys
import Logging
import Meters
import Settings
import Status
import Synchronization
import Threads

/// The agent's analysis of pictures: plans from the settings, the gallery, and what is sent of what was seen. It may
/// fail in every part, and cameras go on.
final class Onlooker: Sendable {
  /// How often it is looked whether another process changed the gallery, in milliseconds.
  private static let refreshMilliseconds: Int32 = 1000

  let analysis: Analysis
  /// The cameras that are looked at, by name: their number within `analysis`.
  private let numbers: [String: Int]
  private let names: [String]
  /// Of each camera: whether nothing is to be done with its pictures now.
  private let idle: [Flag]
  private let writers: Mutex<[AnalysisWriter]>
  /// Opened and read by a thread of its own, so that a large one does not hold up the start.
  private let gallery: GalleryHolder
  /// What was seen last, by the camera's number and the row's name.
  private let seen = Mutex<[Int: [String: AnalyserRow.Value]]>([:])
  private let logger: Logger
  private let faults: FaultLog
  private let stopping = Flag()
  private let signal = EventSignal()
  private let thread = Mutex<NamedThread?>(nil)

  /// Nil where no camera is looked at.
  /// - Parameters:
  ///   - gallery: the same that other parts of the agent use.
  ///   - isChangeable: whether cameras that nobody looks at now may be looked at later.
  init?(_ assembly: Assembly, gallery: GalleryHolder, isChangeable: Bool, logger: Logger) {
    let cameras = assembly.cameras.filter { isChangeable || !$0.plan.isIdle }
    guard !cameras.isEmpty else { return nil }
    self.logger = logger
    faults = FaultLog(logger: logger)
    names = cameras.map(\.name)
    numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    writers = Mutex([])
    self.gallery = gallery
    let plans = cameras.map(\.plan)
    idle = plans.map { plan in
      let flag = Flag()
      _ = flag.set(plan.isIdle)
      return flag
    }
    analysis = Analysis(
      plans, by: Analysers.all, workers: assembly.analysis.workers, nice: assembly.analysis.nice,
      models: assembly.analysis.models)
  }

  /// Changes what is done with a camera's pictures, from the next one on.
  func set(_ plan: CameraPlan, camera: String) {
    guard let number = numbers[camera] else { return }
    analysis.set(plan, camera: number)
    _ = idle[number].set(plan.isIdle)
  }

  /// Sends what is seen elsewhere from now on.
  /// - Parameter writers: one for each camera that is looked at.
  func set(_ writers: [AnalysisWriter]) {
    self.writers.withLock { $0 = writers }
  }

  /// - Parameter writers: one for each camera that is looked at.
  func start(_ writers: [AnalysisWriter]) throws(ThreadError) {
    self.writers.withLock { $0 = writers }
    let count = idle.count { !$0.value }
    logger.notice("\(count) cameras are looked at by \(analysis.workerCount) threads")
    try analysis.start(
      people: { [self] in gallery.current?.loadedSnapshot },
      report: { [self] camera, picture, report in
        note(report, camera: camera)
        self.writers.withLock { $0[camera] }.send(report, of: picture)
      },
      fail: { [self] camera, error in
        faults.tell(
          "\(camera) \(error)", .error, metadata: ["camera": "\(names[camera])"],
          error.description)
      })
  }

  /// Has what is seen compared with the gallery, which is opened for it.
  func startNaming() throws(ThreadError) {
    let made = try NamedThread("gallery") { [self] in keep(gallery) }
    thread.withLock { $0 = made }
  }

  /// Opens the gallery, and sees when another process has changed it: `vedette gallery`.
  private func keep(_ holder: GalleryHolder) {
    var backoff = Backoff()
    while !stopping.value {
      var pause = Self.refreshMilliseconds
      do {
        let opened = try holder.open()
        backoff = Backoff()
        let isKnown = opened.loadedSnapshot != nil
        _ = try opened.snapshot()
        if try opened.refresh() || !isKnown { tell(opened) }
      } catch {
        let isOpen = holder.current != nil
        if !isOpen { pause = backoff.take() }
        let what =
          isOpen ? "the gallery stays as it is in memory" : "faces are found, but not named"
        faults.tell("gallery \(error)", .error, "\(what): \(error)")
      }
      signal.wait(milliseconds: pause)
    }
  }

  private func tell(_ gallery: Gallery) {
    guard let snapshot = gallery.loadedSnapshot else { return }
    logger.notice(
      "the gallery is at version \(snapshot.version): \(snapshot.personCount) people, \(snapshot.encodingCount) encodings"
    )
  }

  private func note(_ report: AnalysisReport, camera: Int) {
    seen.withLock { $0[camera, default: [:]].merge(report.rows) { $1 } }
  }

  func lastSeen(camera: Int) -> [String: AnalyserRow.Value] {
    seen.withLock { $0[camera] } ?? [:]
  }

  func looks(at camera: String) -> Bool { numbers[camera] != nil }

  func number(of camera: String) -> Int? { numbers[camera] }

  /// Nil where faces are not named.
  var galleryView: GalleryView? {
    guard let snapshot = gallery.current?.loadedSnapshot else { return nil }
    var view = GalleryView()
    view.version = snapshot.version
    view.hash = "\(snapshot.hash)"
    view.people = snapshot.personCount
    view.encodings = snapshot.encodingCount
    return view
  }

  /// What a camera's pipeline hands its pictures to; nil where nobody looks at them.
  func look(at camera: String) -> (@Sendable (PublishedPicture) -> Void)? {
    guard let number = numbers[camera] else { return nil }
    return { [analysis, idle = idle[number]] in
      if !idle.value { analysis.submit($0, camera: number) }
    }
  }

  /// Has the pictures at hand given up, where `stop` takes too long.
  func hurry() { analysis.hurry() }

  func stop() {
    analysis.stop()
    _ = stopping.set(true)
    signal.set()
    thread.withLock { $0 }?.join()
  }

  /// Nil where nobody looks at the camera.
  func json(camera: String) -> JSON? {
    guard let number = numbers[camera] else { return nil }
    let meters = analysis.meters(camera: number)
    var members: [(String, JSON)] = [
      ("analysed", .integer(meters.analysed)),
      ("skipped", .integer(analysis.skippedCount(camera: number))),
      ("failed", .integer(meters.failed)),
    ]
    for counter in Analysers.counters {
      members.append((counter.name, .integer(meters.count(counter.name))))
    }
    return .object(
      members + [("ms", meters.time.json), ("latency_ms", meters.latency.json)])
  }
}
