import Gallery

/// What the desk begins with: the newest of three copies of what commands changed.
extension ControlDesk {
  /// - Parameter memory: as the gallery's file has it.
  static func begin(
    _ found: OverrideStore.Found, _ memory: ControlMemory, _ edit: inout GalleryEdit,
    _ topic: String
  ) throws(GalleryError) -> Inner {
    var inner = Inner()
    inner.memory = memory
    inner.saved = memory
    let stored: (generation: Int, Overrides)?
    do throws(GalleryError) {
      stored = try Overrides.stored(edit)
    } catch {
      guard error.code == .damaged, case .copy = found else { throw error }
      stored = nil
    }
    inner.overrides = stored?.1 ?? Overrides()
    inner.generation = stored?.generation ?? 0
    switch found {
    case .none: break
    case .unreadable(let reason):
      // The gallery's copy is as good, unless it was lost as well.
      if stored == nil { inner.unknown = reason }
    case .copy(let copy, _):
      guard stored == nil || copy.generation >= inner.generation else { break }
      let behind = copy.generation - inner.generation
      try copy.overrides.store(&edit, generation: copy.generation, before: inner.overrides)
      inner.overrides = copy.overrides
      inner.generation = copy.generation
      // One behind is a crash in the middle of a command, which comes again. More, and the gallery's file was lost or is
      // an older one: what it knows of earlier commands is not to be relied on.
      guard stored == nil || behind > 1 else { break }
      inner.memory.close(after: copy, clock: .now)
      try inner.memory.write(&edit, topic: topic, before: inner.saved)
      inner.saved = inner.memory
    }
    return inner
  }

  /// What the log should say of it.
  static func news(_ found: OverrideStore.Found, _ inner: Inner) -> [String] {
    var news: [String] = []
    if case .copy(_, let trouble?) = found {
      news.append("one copy of what commands changed is damaged, and is written anew: \(trouble)")
    }
    if let unknown = inner.unknown {
      news.append(
        "what commands changed is lost (\(unknown)): no key is trusted; as root, stop the service and run: vedette control overrides --reset"
      )
    } else if case .unreadable(let trouble) = found {
      news.append("what commands changed is taken from the gallery's file: \(trouble)")
    }
    if inner.memory.floor != ControlMemory().floor {
      news.append(
        "the gallery's file was lost or replaced by an older one: commands that were issued before \(inner.memory.floor) are not obeyed"
      )
    }
    return news
  }
}
