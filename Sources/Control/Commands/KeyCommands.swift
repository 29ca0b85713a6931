import Documents

/// Commands that change whom the box obeys, and what time it takes it for.
enum KeyCommands {
  static func all<Box>() -> [Command<Box>] {
    [
      Command(.keysPut, .keys) { fields throws(Rejection) in
        let key = try TrustedKey(fields.value("key"))
        return .keys(
          KeyChange { (inner, labels) throws(CommandFailure) in try put(key, &inner, labels) })
      },
      Command(.keysRevoke, .keys) { fields throws(Rejection) in
        let id = try fields.word("key")
        return .keys(
          KeyChange { (inner, labels) throws(CommandFailure) in try revoke(id, &inner, labels) })
      },
      // It had its effect when it was judged.
      Command(.timeReset, .node) { _ in .work { _, _ in [:] } },
    ]
  }

  private static func put(
    _ key: TrustedKey, _ inner: inout ControlDesk.Inner, _ labels: [String: String]
  ) throws(CommandFailure) -> [String: JSON] {
    var ring = inner.ring
    do throws(Rejection) {
      try ring.put(key)
    } catch {
      throw CommandFailure(error.description)
    }
    // The last root key may come again as one that is none, or for other boxes.
    guard ring.hasRoot(labels) || !inner.ring.hasRoot(labels) else { throw lastRoot(key.id) }
    inner.ring = ring
    inner.overrides.keys[key.id] = key.json
    return ["key": .string(key.id), "keys": .number(Double(inner.ring.keys.count))]
  }

  private static func revoke(
    _ id: String, _ inner: inout ControlDesk.Inner, _ labels: [String: String]
  ) throws(CommandFailure) -> [String: JSON] {
    var ring = inner.ring
    ring.revoke(id)
    guard ring.hasRoot(labels) else { throw lastRoot(id) }
    inner.ring = ring
    inner.memory.forgetSequence(id)
    inner.overrides.keys[id] = nil
    inner.overrides.revoked.insert(id)
    return ["key": .string(id), "keys": .number(Double(ring.keys.count))]
  }

  private static func lastRoot(_ id: String) -> CommandFailure {
    CommandFailure("\(id) is the last root key: put another first, or nobody could put one")
  }
}

extension KeyRing {
  fileprivate func hasRoot(_ labels: [String: String]) -> Bool { rootCount(reaching: labels) > 0 }
}
