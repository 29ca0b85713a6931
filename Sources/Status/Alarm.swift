/// What an operator is to be told of. The raw values are what scripts and schemas read.
package enum AlarmKind: String, CaseIterable, Sendable {
  case cameraLost = "camera_lost"
  case framesLost = "frames_lost"
  case outage
  case topicBlocked = "topic_blocked"
  case spoolFilling = "spool_filling"
  case diskFailing = "disk_failing"
  case clockWrong = "clock_wrong"
  case analysisFailing = "analysis_failing"
  case certificateExpiring = "certificate_expiring"
  case controlSilent = "control_silent"
  case controlUnavailable = "control_unavailable"
  case controlSkipped = "control_skipped"
  case overrideNotApplied = "override_not_applied"
  case configurationRejected = "configuration_rejected"
}

/// A state that needs somebody: raised once, cleared once.
package struct Alarm: Sendable, Equatable {
  package var kind: AlarmKind
  /// The camera that it is about; empty where it is about the box.
  package var subject: String
  package var severity: Health
  /// What is wrong, and what to do.
  package var sentence: String
  /// When it was raised, seconds since the agent began.
  package var raisedAt: Double
  /// The same, microseconds since 1970-01-01 UTC.
  package var raisedWall: Int64

  package init(
    kind: AlarmKind, subject: String, severity: Health, sentence: String, raisedAt: Double,
    raisedWall: Int64
  ) {
    self.kind = kind
    self.subject = subject
    self.severity = severity
    self.sentence = sentence
    self.raisedAt = raisedAt
    self.raisedWall = raisedWall
  }
}

/// That an alarm was raised or cleared.
package struct AlarmNews: Sendable, Equatable {
  package var alarm: Alarm
  package var isRaised: Bool
}

/// How one thing stands now that may become an alarm.
struct Condition {
  enum Level {
    case good, bad
    /// Neither: an alarm that is raised stays, and none is raised.
    case between
  }

  var kind: AlarmKind
  var subject = ""
  var severity: Health
  var level: Level
  /// Seconds that it must be bad until the alarm is raised.
  var raiseAfter = 0.0
  /// Seconds that it must be good until the alarm is cleared.
  var clearAfter = 0.0
  var sentence = ""
}

/// Which alarms are raised. What flaps is told once: a condition must last to raise an alarm, and must be gone
/// for a while to clear it. An alarm grows graver at once, and less grave only after a while.
package struct AlarmBook: Sendable {
  /// Seconds that an alarm must have been less grave until it is told as such.
  static let easeAfter = 60.0

  private struct Key: Hashable {
    var kind: AlarmKind
    var subject: String
  }

  private struct Entry {
    var badSince: Double?
    var goodSince: Double?
    var alarm: Alarm?
    /// Since when it is less grave than it is told to be.
    var milderSince: Double?
  }

  private var entries: [Key: Entry] = [:]

  package init() {}

  /// Those that are raised, gravest first, then oldest first.
  package var raised: [Alarm] {
    entries.values.compactMap(\.alarm).sorted {
      ($1.severity, $0.raisedAt, $0.kind.rawValue, $0.subject)
        < ($0.severity, $1.raisedAt, $1.kind.rawValue, $1.subject)
    }
  }

  /// Judges the picture.
  /// - Parameter now: seconds since the agent began.
  /// - Returns: what was raised or cleared by it.
  package mutating func update(_ picture: BoxPicture, now: Double) -> [AlarmNews] {
    update(picture.conditions, now: now, wall: picture.wall)
  }

  mutating func update(_ conditions: [Condition], now: Double, wall: Int64) -> [AlarmNews] {
    var news: [AlarmNews] = []
    var seen: Set<Key> = []
    for condition in conditions {
      let key = Key(kind: condition.kind, subject: condition.subject)
      seen.insert(key)
      var entry = entries[key] ?? Entry()
      if let told = Self.judge(condition, &entry, now: now, wall: wall) { news.append(told) }
      entries[key] = entry
    }
    // What is no longer there, a camera that was taken out of the configuration, is cleared.
    for (key, entry) in entries where !seen.contains(key) {
      if let alarm = entry.alarm { news.append(AlarmNews(alarm: alarm, isRaised: false)) }
      entries[key] = nil
    }
    return news
  }

  private static func judge(
    _ condition: Condition, _ entry: inout Entry, now: Double, wall: Int64
  ) -> AlarmNews? {
    switch condition.level {
    case .between:
      entry.badSince = nil
      entry.goodSince = nil
      return nil
    case .bad:
      entry.goodSince = nil
      let since = entry.badSince ?? now
      entry.badSince = since
      if entry.alarm != nil {
        // What is told may grow worse or more exact.
        entry.alarm?.sentence = condition.sentence
        ease(&entry, to: condition.severity, now: now)
        return nil
      }
      guard now - since >= condition.raiseAfter else { return nil }
      let alarm = Alarm(
        kind: condition.kind, subject: condition.subject, severity: condition.severity,
        sentence: condition.sentence, raisedAt: now, raisedWall: wall)
      entry.alarm = alarm
      return AlarmNews(alarm: alarm, isRaised: true)
    case .good:
      entry.badSince = nil
      let since = entry.goodSince ?? now
      entry.goodSince = since
      guard let alarm = entry.alarm, now - since >= condition.clearAfter else { return nil }
      entry.alarm = nil
      entry.milderSince = nil
      return AlarmNews(alarm: alarm, isRaised: false)
    }
  }

  private static func ease(_ entry: inout Entry, to severity: Health, now: Double) {
    guard let told = entry.alarm?.severity, severity < told else {
      entry.alarm?.severity = severity
      entry.milderSince = nil
      return
    }
    let since = entry.milderSince ?? now
    entry.milderSince = since
    guard now - since >= easeAfter else { return }
    entry.alarm?.severity = severity
    entry.milderSince = nil
  }
}
