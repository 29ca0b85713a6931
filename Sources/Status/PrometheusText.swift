/// Writes metrics in Prometheus' text format 0.0.4: each family with its HELP and TYPE, once.
struct PrometheusText {
  enum Kind: String { case gauge, counter, summary }

  private(set) var text = ""

  /// A family of samples; nothing where there are none.
  mutating func family(
    _ name: String, _ kind: Kind, _ help: String, _ samples: [([(String, String)], Double?)]
  ) {
    let known = samples.compactMap { labels, value in value.map { (labels, $0) } }
    guard !known.isEmpty else { return }
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    for (labels, value) in known { sample(name, labels, value) }
  }

  mutating func family(_ name: String, _ kind: Kind, _ help: String, _ value: Double?) {
    family(name, kind, help, [([], value)])
  }

  /// Quantiles of durations, in seconds.
  mutating func summary(
    _ name: String, _ help: String, _ timings: [([(String, String)], Timing)]
  ) {
    let known = timings.filter { $0.1.count > 0 }
    guard !known.isEmpty else { return }
    text += "# HELP \(name) \(help)\n# TYPE \(name) summary\n"
    for (labels, timing) in known {
      if let p50 = timing.p50 { sample(name, labels + [("quantile", "0.5")], p50) }
      if let p99 = timing.p99 { sample(name, labels + [("quantile", "0.99")], p99) }
      sample("\(name)_sum", labels, timing.sum)
      sample("\(name)_count", labels, Double(timing.count))
    }
  }

  private mutating func sample(_ name: String, _ labels: [(String, String)], _ value: Double) {
    text += name
    if !labels.isEmpty {
      let pairs = labels.map { "\($0)=\"\(Self.escaped($1))\"" }
      text += "{\(pairs.joined(separator: ","))}"
    }
    text += " \(Self.number(value))\n"
  }

  private static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }
}
