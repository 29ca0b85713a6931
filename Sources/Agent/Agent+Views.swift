import Analysers
import Analysis
import Control
import Delivery
import Documents
import Meters
import Settings
import Status

extension Agent {
  /// Nil where no camera is looked at.
  var analysisView: AnalysisView? {
    guard let looking, looking.isLooking else { return nil }
    var view = AnalysisView()
    view.workers = looking.onlooker.analysis.workerCount
    view.cameras = meters.filter { looking.looks(at: $0.name) }
      .compactMap { looking.onlooker.view(camera: $0.name) }
    view.tallies = Analysers.tallies.map {
      AnalysisView.Tally(
        name: $0.name, label: $0.label, help: $0.help,
        values: looking.onlooker.analysis.tallies.counts(of: $0.name))
    }
    return view
  }

  var galleryView: GalleryView? { looking?.onlooker.galleryView }

  /// Sends an event that is about a camera, or about the box where `camera` is empty.
  func announce(_ type: RecordType, camera: String, _ members: [(String, JSON)]) {
    let event = events.event(type, camera: camera, run: identity.boot, members)
    if let event { delivery.submit(event) }
  }
}

extension DeliveryView {
  init(_ picture: DeliveryPicture, _ assembly: Assembly, now: UInt64) {
    self.init()
    brokers = assembly.connection.brokers
    outage = picture.outageSince.map { Double(now - min(now, $0)) / 1e9 }
    error = picture.lastError
    waiting = picture.waiting
    inFlight = picture.inFlight
    bytes = picture.bytes
    bytesMax = assembly.delivery.memoryMax
    throttle = Double(picture.throttleMilliseconds) / 1000
    blocked = picture.blocked.map {
      Blocked(
        topic: $0.topic, key: $0.key,
        age: $0.blockedSince.map { Double(now - min(now, $0)) / 1e9 } ?? 0, cause: $0.cause,
        remedy: $0.remedy ?? "", waiting: $0.waiting, isCertain: $0.isCertain)
    }
  }
}

extension Onlooker {
  /// Nil where nobody looks at the camera.
  func view(camera: String) -> AnalysisView.Camera? {
    guard let number = number(of: camera) else { return nil }
    let meters = analysis.meters(camera: number)
    var view = AnalysisView.Camera(name: camera)
    view.analysed = meters.analysed
    view.skipped = analysis.skippedCount(camera: number)
    view.failed = meters.failed
    view.analysers = Analysers.names.compactMap { name in
      meters.work(of: name).map {
        AnalysisView.Analyser(
          name: name, pictures: $0.pictures, failed: $0.failed,
          seconds: Double($0.nanoseconds) / 1e9)
      }
    }
    view.counters = Analysers.counters.map {
      AnalysisView.Counter(name: $0.name, help: $0.help, value: meters.count($0.name))
    }
    view.time = Timing(meters.time)
    view.latency = Timing(meters.latency)
    let seen = lastSeen(camera: number)
    view.rows = Analysers.rows.map {
      AnalysisView.Row(
        name: $0.name, title: $0.title, value: AnalysisView.Row.Value(seen[$0.name] ?? $0.empty))
    }
    return view
  }
}

extension AnalysisView.Row.Value {
  fileprivate init(_ value: AnalyserRow.Value) {
    switch value {
    case .words(let words): self = .words(words)
    case .swatches(let swatches):
      self = .swatches(swatches.map { AnalysisView.Swatch(rgb: $0.rgb, share: $0.share) })
    }
  }
}
