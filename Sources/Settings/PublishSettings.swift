/// How many of a camera's frames are published. Rates are in frames per second, times in seconds, sizes in bytes.
package struct PublishSettings: Equatable, Sendable {
  /// At most; nil for all.
  package var rate: Double?
  /// The same while nothing moves; nil where nobody looks for motion.
  package var stillRate: Double?
  /// So long after the last motion frames are published as if something moved.
  package var hold = 5.0
  /// Frames so much older than the one in which motion is found are published before it.
  package var before = 2.0
  /// So many frames a second are looked at, at most. Those between are sent as those before a motion are.
  package var checkRate = 15.0
  /// What is kept in memory for that, at most.
  package var memoryMax = 16 << 20

  package init() {}
}
