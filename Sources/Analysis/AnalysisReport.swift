package import Documents
package import Frames

/// A published picture, to be looked at.
package struct PublishedPicture: Sendable {
  package var jpeg: PooledBytes
  package var size: FrameSize
  package var time: FrameTime
  /// The `ce_sequence` that it is published by; nil where pictures as they are go nowhere.
  package var sequence: UInt64?

  package init(jpeg: PooledBytes, size: FrameSize, time: FrameTime, sequence: UInt64?) {
    self.jpeg = jpeg
    self.size = size
    self.time = time
    self.sequence = sequence
  }
}

/// What was seen in a picture.
package struct AnalysisReport: Sendable {
  /// To be sent.
  package var records: [AnalyserRecord] = []
  /// To be added to counters, by their names.
  package var counts: [String: Int] = [:]
  /// To be added to tallies, by their names and what is counted.
  package var tallies: [String: [String: Int]] = [:]
  /// To be shown, by the names of rows.
  package var rows: [String: AnalyserRow.Value] = [:]

  package init() {}

  mutating func add(_ other: AnalysisReport) {
    records += other.records
    counts.merge(other.counts) { $0 + $1 }
    tallies.merge(other.tallies) { $0.merging($1) { $0 + $1 } }
    rows.merge(other.rows) { $1 }
  }
}

/// Something to be sent: to one of the outputs that its analyser declares.
package struct AnalyserRecord: Sendable {
  package enum Body: Sendable {
    case jpeg(PooledBytes, FrameSize)
    /// The members behind those that every record has.
    case json([(String, JSON)])
  }

  /// The output's name.
  package var output: String
  package var body: Body
  /// Headers that this kind of record has besides.
  package var headers: [(String, String)]

  package init(_ output: String, _ body: Body, headers: [(String, String)] = []) {
    self.output = output
    self.body = body
    self.headers = headers
  }
}
