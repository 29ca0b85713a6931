package import Documents
import Meters

/// Throughput and spool over the last hour: points at equal distances, the oldest goes first.
package struct History: Sendable {
  /// Seconds from one point to the next.
  package static let interval = 5.0
  private static let pointsMax = 720

  private struct Point {
    /// Frames delivered a second, of all cameras, since the point before.
    var rate: Double
    var spoolBytes: Int
  }

  private var points: [Point] = []
  private var last: (uptime: Double, delivered: Int)?

  package init() {}

  /// Takes the picture in where it is time for a point.
  package mutating func note(_ picture: BoxPicture) {
    let delivered = picture.cameras.reduce(0) { $0 + $1.counts.delivered }
    note(picture.uptime, delivered: delivered, spoolBytes: picture.spool?.bytes ?? 0)
  }

  /// - Parameters:
  ///   - uptime: in seconds.
  ///   - delivered: frames of all cameras since the agent began.
  mutating func note(_ uptime: Double, delivered: Int, spoolBytes: Int) {
    guard let before = last else {
      last = (uptime, delivered)
      return
    }
    let seconds = uptime - before.uptime
    guard seconds >= Self.interval * 0.9 else { return }
    last = (uptime, delivered)
    let rate = max(0, Double(delivered - before.delivered) / seconds)
    points.append(Point(rate: rate, spoolBytes: spoolBytes))
    if points.count > Self.pointsMax { points.removeFirst() }
  }

  /// Oldest first.
  package var json: JSON {
    .object([
      ("interval_s", .number(Self.interval)),
      ("delivered_per_s", .array(points.map { .number(($0.rate * 10).rounded() / 10) })),
      ("spool_bytes", .array(points.map { .integer($0.spoolBytes) })),
    ])
  }
}
