/// How fast the spool fills, and what is lost for want of room in it: from what it said over the last minutes.
package struct SpoolPace: Sendable {
  /// Over so many seconds it is measured: files go whole, so that losses come in steps.
  package static let window = 120.0
  /// For so long after the last loss the spool counts as full: the next file goes when as much has come.
  package static let fullSeconds = 600.0
  /// Before so many seconds a rate says little.
  private static let secondsMin = 3.0

  private struct Sample {
    var time: Double
    var records: Int
    var lost: Int
  }

  private var samples: [Sample] = []
  private var lastLoss: Double?

  package init() {}

  /// Takes in how the spool stands and completes the view of it.
  /// - Parameters:
  ///   - lost: records that were given up for want of room since the agent began.
  ///   - time: in seconds, on a clock that only goes on.
  package mutating func note(_ view: inout SpoolView, lost: Int, at time: Double) {
    if let last = samples.last, lost > last.lost { lastLoss = time }
    samples.append(Sample(time: time, records: view.records, lost: lost))
    while samples.count > 2, samples[1].time <= time - Self.window { samples.removeFirst() }
    guard let first = samples.first, time - first.time >= Self.secondsMin else { return }
    let seconds = time - first.time
    if let lastLoss, time - lastLoss < Self.fullSeconds {
      view.isFull = true
      view.lossRate = Double(lost - first.lost) / seconds
      return
    }
    let rate = Double(view.records - first.records) / seconds
    guard rate > 0, view.records > 0 else { return }
    let fillRate = rate * Double(view.bytes) / Double(view.records)
    view.fillRate = fillRate
    view.timeToFull = Double(max(0, view.room)) / fillRate
  }
}
