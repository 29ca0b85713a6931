package import Faces
import Frames
package import Gallery
import Imaging
import Meters
import Synchronization
package import Threads

/// Looks at the cameras' pictures on a bounded pool of threads that never holds capture up.
package final class Analysis: Sendable {
  /// How long a worker leaves a camera alone after a fault that will come again, in nanoseconds.
  private static let pauseNanoseconds: UInt64 = 30_000_000_000

  private let cameras: [CameraAnalysis]
  private let pool: WorkerPool<PublishedPicture>
  private let models: FaceModels
  private let nice: Int
  private let pausedUntil: Mutex<[UInt64]>

  /// - Parameters:
  ///   - plans: one a camera.
  ///   - workers: threads; nil for one less than there are processors, at least 1.
  ///   - nice: how far the threads stand back, 0…19.
  ///   - gallery: of those whom faces are compared with; nil where all are Unknown.
  package init(
    _ plans: [CameraPlan], workers: Int?, nice: Int, models: FaceModels, gallery: Gallery?
  ) {
    cameras = plans.map { CameraAnalysis($0, gallery: gallery) }
    pool = WorkerPool(slots: plans.count, workers: workers ?? max(1, Processors.count - 1))
    self.models = models
    self.nice = nice
    pausedUntil = Mutex(Array(repeating: 0, count: plans.count))
  }

  package var workerCount: Int { pool.workerCount }

  /// Starts the threads.
  /// - Parameters:
  ///   - report: is given what was seen in a camera's picture, on the worker's thread.
  ///   - fail: is told why one could not be looked at, and how many seconds the camera is left alone.
  package func start(
    report: @escaping @Sendable (Int, PublishedPicture, AnalysisReport) -> Void,
    fail: @escaping @Sendable (Int, AnalysisError, Double) -> Void
  ) throws(ThreadError) {
    try pool.start(nice: nice) { [self] in
      var worker: AnalysisWorker?
      return { [self] camera, picture in
        do throws(AnalysisError) {
          let ready: AnalysisWorker
          if let worker { ready = worker } else { ready = try made() }
          worker = ready
          try look(camera, picture, ready, report)
        } catch {
          cameras[camera].meters.noteFailed()
          if error.isLasting {
            pausedUntil.withLock { $0[camera] = Clock.monotonic + Self.pauseNanoseconds }
          }
          fail(camera, error, error.isLasting ? Double(Self.pauseNanoseconds) / 1e9 : 0)
        }
      }
    }
  }

  private func made() throws(AnalysisError) -> AnalysisWorker {
    do {
      return try AnalysisWorker(models: models)
    } catch {
      throw AnalysisError(error.description, isLasting: true)
    }
  }

  private func look(
    _ camera: Int, _ picture: PublishedPicture, _ worker: AnalysisWorker,
    _ report: (Int, PublishedPicture, AnalysisReport) -> Void
  ) throws(AnalysisError) {
    let began = Clock.monotonic
    let meters = cameras[camera].meters
    guard let seen = try cameras[camera].analyse(picture, by: worker) else { return }
    let ended = Clock.monotonic
    meters.time.record(microseconds: (ended - began) / 1000)
    meters.latency.record(microseconds: (ended - min(ended, picture.time.monotonic)) / 1000)
    report(camera, picture, seen)
  }

  /// Offers a picture; never blocks. The newest takes the place of one that still waits.
  package func submit(_ picture: PublishedPicture, camera: Int) {
    guard pausedUntil.withLock({ $0[camera] }) <= Clock.monotonic else { return }
    pool.submit(picture, slot: camera)
  }

  /// Changes what is done with a camera's pictures, from the next one on.
  package func set(_ plan: CameraPlan, camera: Int) {
    cameras[camera].set(plan)
    pausedUntil.withLock { $0[camera] = 0 }
  }

  /// The gallery is another: who a face was taken for counts no more.
  package func forgetNames() {
    for camera in cameras { camera.forgetNames() }
  }

  package func meters(camera: Int) -> AnalysisMeters { cameras[camera].meters }

  /// Pictures that gave way to newer ones while all threads were busy.
  package func skippedCount(camera: Int) -> Int { pool.replacedCount(slot: camera) }

  /// Ends the threads once each is done with its picture.
  package func stop() { pool.stop() }
}
