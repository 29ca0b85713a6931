/// What all commands of a type have in common: the row that each has in the table of commands.
package struct CommandTraits: Equatable, Sendable {
  /// How a command takes effect.
  package enum Way: Sendable {
    /// Within the transaction that books its answer.
    case transaction
    /// As a change of what lies over the configuration's files, which is checked, stored, and then adopted.
    case overlay
    /// It is stored as accepted, then carried out.
    case work
  }

  /// What must be there for it.
  package enum Scope: Sendable {
    case node, gallery, keys, spool
    /// The camera that it names.
    case camera
  }

  package var way: Way
  package var scope: Scope
  /// Whether it always takes so long that the next must not wait for it.
  package var isLong = false
  /// Whether it may be done again after the node died while it was at it.
  package var isRepeatable = true
}

extension CommandType {
  package var traits: CommandTraits {
    switch self {
    case .ping: CommandTraits(way: .work, scope: .node)
    case .status: CommandTraits(way: .work, scope: .node)
    case .snapshot: CommandTraits(way: .work, scope: .camera)
    case .coloursSilhouette: CommandTraits(way: .work, scope: .camera, isLong: true)
    case .cameraSet: CommandTraits(way: .overlay, scope: .camera)
    case .cameraStart: CommandTraits(way: .overlay, scope: .camera)
    case .cameraStop: CommandTraits(way: .overlay, scope: .camera)
    case .galleryDiscard: CommandTraits(way: .transaction, scope: .gallery)
    case .galleryPut: CommandTraits(way: .transaction, scope: .gallery)
    case .galleryRemove: CommandTraits(way: .transaction, scope: .gallery)
    case .galleryReplace: CommandTraits(way: .transaction, scope: .gallery)
    case .galleryTrain: CommandTraits(way: .work, scope: .gallery, isLong: true)
    case .topicsSet: CommandTraits(way: .overlay, scope: .node)
    case .spoolDrain: CommandTraits(way: .work, scope: .spool)
    // What is spooled afterwards is not what was spooled then.
    case .spoolDiscard: CommandTraits(way: .work, scope: .spool, isRepeatable: false)
    case .configReload: CommandTraits(way: .work, scope: .node)
    // Also of a camera that is no longer configured.
    case .configReset: CommandTraits(way: .overlay, scope: .node)
    case .keysPut: CommandTraits(way: .transaction, scope: .keys)
    case .keysRevoke: CommandTraits(way: .transaction, scope: .keys)
    case .timeReset: CommandTraits(way: .work, scope: .node)
    }
  }
}
