package import Gallery
import Imaging
package import Threads

/// Looks at the cameras' pictures on a bounded pool of threads that never holds capture up.
package final class Analysis: Sendable {
  private let cameras: [CameraAnalysis]
  private let pool: WorkerPool<PublishedPicture>
  private let models: String
  private let nice: Int
  private let stopping = AnalysisStop()
  package let tallies = AnalysisTallies()

  /// - Parameters:
  ///   - plans: one a camera.
  ///   - workers: threads; nil for one less than there are processors, at least 1.
  ///   - nice: how far the threads stand back, 0…19.
  ///   - kinds: the analysers that there are, in the order in which they look.
  ///   - models: the folder of models.
  package init(
    _ plans: [CameraPlan], by kinds: [AnalyserKind], workers: Int?, nice: Int, models: String
  ) {
    cameras = plans.map { CameraAnalysis($0, kinds) }
    pool = WorkerPool(slots: plans.count, workers: workers ?? max(1, Processors.count - 1))
    self.models = models
    self.nice = nice
  }

  package var workerCount: Int { pool.workerCount }

  /// Starts the threads.
  /// - Parameters:
  ///   - people: gives those whom faces are compared with; nil where nobody is known. Must not block.
  ///   - report: is given what was seen in a camera's picture, on the worker's thread.
  ///   - fail: is told what could not be done with one, and why.
  package func start(
    people: @escaping @Sendable () -> GallerySnapshot?,
    report: @escaping @Sendable (Int, PublishedPicture, AnalysisReport) -> Void,
    fail: @escaping @Sendable (Int, AnalysisError) -> Void
  ) throws(ThreadError) {
    try pool.start(nice: nice) { [self] in
      var tools: AnalysisTools?
      return { [self] camera, picture in
        let ready: AnalysisTools
        do {
          ready = try tools ?? AnalysisTools(models: models, stop: stopping)
        } catch {
          cameras[camera].meters.noteFailed()
          fail(camera, AnalysisError("\(error)"))
          return
        }
        tools = ready
        let began = Clock.monotonic
        ready.people = people()
        let seen = cameras[camera].analyse(picture, with: ready) { fail(camera, $0) }
        guard let seen else { return }
        cameras[camera].meters.note(seen, picture.time, began: began)
        tallies.note(seen)
        report(camera, picture, seen)
      }
    }
  }

  /// Offers a picture; never blocks. The newest takes the place of one that still waits.
  package func submit(_ picture: PublishedPicture, camera: Int) {
    pool.submit(picture, slot: camera)
  }

  /// Changes what is done with a camera's pictures, from the next one on.
  package func set(_ plan: CameraPlan, camera: Int) {
    cameras[camera].set(plan)
  }

  package func meters(camera: Int) -> AnalysisMeters { cameras[camera].meters }

  /// Pictures that gave way to newer ones while all threads were busy.
  package func skippedCount(camera: Int) -> Int { pool.replacedCount(slot: camera) }

  /// Ends the threads once each is done with its picture.
  package func stop() { pool.stop() }

  /// Has what is at hand given up. A network of dlib's that looks at a whole picture, the CNN detector, cannot be.
  package func hurry() { stopping.set() }
}
