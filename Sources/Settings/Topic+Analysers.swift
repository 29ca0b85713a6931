package import Keys

extension Topic {
  /// The box's own, then those that analysers add.
  package static func all(_ analysers: [KeyTable]) -> [Topic] {
    var topics = own
    for name in analysers.flatMap(\.topics) where !topics.contains(Topic(rawValue: name)) {
      topics.append(Topic(rawValue: name))
    }
    return topics
  }
}
