import Frames

/// The connected parts of what is marked: pixels that touch, by a side or a corner. A part counts where one of its pixels
/// differs surely (Canny's hysteresis of two thresholds).
struct MotionParts {
  /// A part of a row.
  struct Run {
    var row: Int
    var columns: ClosedRange<Int>
    var isSure: Bool
    /// Of the part, once all rows are read.
    var part: Int
  }

  struct Part {
    var area = 0
    var isSure = false
    var columns: ClosedRange<Int>
    var rows: ClosedRange<Int>
  }

  private(set) var runs: [Run] = []
  /// Those without a pixel that differs surely are left out of no index, but have `isSure` false.
  private(set) var parts: [Part] = []
  /// For each run, one that it touches and that came before it, or itself.
  private var parents: [Int] = []

  mutating func read(_ planes: MotionPlanes) {
    runs.removeAll(keepingCapacity: true)
    parents.removeAll(keepingCapacity: true)
    parts.removeAll(keepingCapacity: true)
    var above = 0..<0
    for row in 0..<planes.size.height {
      let first = runs.count
      if planes.isMarked(row: row) { planes.withMarks(row: row) { readRow(row, $0) } }
      let own = first..<runs.count
      join(own, above)
      above = own
    }
    number()
  }

  private mutating func readRow(_ row: Int, _ marks: Span<UInt8>) {
    var start: Int?
    var isSure = false
    for x in 0..<marks.count {
      let mark = marks[x]
      if mark != 0 {
        if start == nil { (start, isSure) = (x, false) }
        if mark == 2 { isSure = true }
      } else if let first = start {
        append(row, first...x - 1, isSure)
        start = nil
      }
    }
    if let first = start { append(row, first...marks.count - 1, isSure) }
  }

  private mutating func append(_ row: Int, _ columns: ClosedRange<Int>, _ isSure: Bool) {
    parents.append(runs.count)
    runs.append(Run(row: row, columns: columns, isSure: isSure, part: 0))
  }

  /// Both are in the order of their columns.
  private mutating func join(_ row: Range<Int>, _ above: Range<Int>) {
    var other = above.lowerBound
    for run in row {
      let columns = runs[run].columns
      while other < above.upperBound, runs[other].columns.upperBound + 1 < columns.lowerBound {
        other += 1
      }
      var touching = other
      while touching < above.upperBound,
        runs[touching].columns.lowerBound <= columns.upperBound + 1
      {
        let (a, b) = (root(of: run), root(of: touching))
        parents[max(a, b)] = min(a, b)
        touching += 1
      }
    }
  }

  private mutating func root(of run: Int) -> Int {
    var run = run
    while parents[run] != run {
      parents[run] = parents[parents[run]]
      run = parents[run]
    }
    return run
  }

  private mutating func number() {
    for index in runs.indices {
      let root = root(of: index)
      let run = runs[index]
      if root == index {
        runs[index].part = parts.count
        parts.append(Part(columns: run.columns, rows: run.row...run.row))
      } else {
        // A root comes before all that hang on it.
        runs[index].part = runs[root].part
      }
      let part = runs[index].part
      parts[part].area += run.columns.count
      parts[part].isSure = parts[part].isSure || run.isSure
      let old = parts[part].columns
      parts[part].columns =
        min(
          old.lowerBound, run.columns.lowerBound)...max(
          old.upperBound, run.columns.upperBound)
      parts[part].rows = parts[part].rows.lowerBound...run.row
    }
  }
}
