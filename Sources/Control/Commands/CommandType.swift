// Written by tools/schemas from the schemas of commands. Change that and run it.

/// What a box can be told over the control topic.
package enum CommandType: String, CaseIterable, Sendable {
  case cameraSet = "camera.set"
  case cameraStart = "camera.start"
  case cameraStop = "camera.stop"
  case coloursSilhouette = "colours.silhouette"
  case configReload = "config.reload"
  case configReset = "config.reset"
  case galleryDiscard = "gallery.discard"
  case galleryPut = "gallery.put"
  case galleryRemove = "gallery.remove"
  case galleryReplace = "gallery.replace"
  case galleryTrain = "gallery.train"
  case keysPut = "keys.put"
  case keysRevoke = "keys.revoke"
  case ping
  case snapshot
  case spoolDiscard = "spool.discard"
  case spoolDrain = "spool.drain"
  case status
  case timeReset = "time.reset"
  case topicsSet = "topics.set"

  /// A line or two about it.
  package var summary: String {
    switch self {
    case .cameraSet:
      "Changes a camera: keys of the configuration's camera."
    case .cameraStart:
      "Opens a camera, now and after a restart."
    case .cameraStop:
      "Closes a camera, now and after a restart."
    case .coloursSilhouette:
      "The exact silhouette of a camera's last picture."
    case .configReload:
      "Reads the configuration's files and the folder of keys again."
    case .configReset:
      "Takes back all changes that came over the topic, or those of one camera."
    case .galleryDiscard:
      "Forgets the pieces of a set of gallery.replace that is not complete; without `upload`, of"
        + " all of them."
    case .galleryPut:
      "Adds people by photographs, encoded on the box, or by encodings."
    case .galleryRemove:
      "Removes people, or what came of photographs by their SHA-256."
    case .galleryReplace:
      "A piece of a set that becomes the whole gallery when all pieces are there."
    case .galleryTrain:
      "Trains the classifier, on a thread of its own."
    case .keysPut:
      "Trusts a key; under a root key."
    case .keysRevoke:
      "Trusts a key no more, for good; under a root key."
    case .ping:
      "Answers with the version."
    case .snapshot:
      "Answers with a camera's last JPEG, in Base64."
    case .spoolDiscard:
      "Gives up what is spooled of a class."
    case .spoolDrain:
      "Sends what is spooled as fast as it goes, until the next start."
    case .status:
      "Answers with how the box stands."
    case .timeReset:
      "The time is that of this message, under a root key: for a box that was told a time that "
        + "is not so, or whose clock was never set."
    case .topicsSet:
      "Renames topics, or switches them off (off, false) and on. No two may have one name."
    }
  }
}
