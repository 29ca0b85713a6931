// Written by tools/schemas from schemas/control.json and what it refers to. Change that and run it.

/// What a box can be told over the control topic.
package enum CommandType: String, CaseIterable, Sendable {
  /// Answers with the version.
  case ping
  /// Answers with how the box stands.
  case status
  /// Answers with a camera's last JPEG, in Base64.
  case snapshot
  /// The exact silhouette of a camera's last picture.
  case coloursSilhouette = "colours.silhouette"
  /// Changes a camera: keys of the configuration's camera.
  case cameraSet = "camera.set"
  /// Opens a camera, now and after a restart.
  case cameraStart = "camera.start"
  /// Closes a camera, now and after a restart.
  case cameraStop = "camera.stop"
  /// Forgets the pieces of a set of gallery.replace that is not complete; without `upload`, of
  /// all of them.
  case galleryDiscard = "gallery.discard"
  /// Adds people by photographs, encoded on the box, or by encodings.
  case galleryPut = "gallery.put"
  /// Removes people, or what came of photographs by their SHA-256.
  case galleryRemove = "gallery.remove"
  /// A piece of a set that becomes the whole gallery when all pieces are there.
  case galleryReplace = "gallery.replace"
  /// Trains the classifier, on a thread of its own.
  case galleryTrain = "gallery.train"
  /// Renames topics, or switches them off (off, false) and on. No two may have one name.
  case topicsSet = "topics.set"
  /// Sends what is spooled as fast as it goes, until the next start.
  case spoolDrain = "spool.drain"
  /// Gives up what is spooled of a class.
  case spoolDiscard = "spool.discard"
  /// Reads the configuration's files and the folder of keys anew.
  case configReload = "config.reload"
  /// Takes back all changes that came over the topic, or those of one camera.
  case configReset = "config.reset"
  /// Trusts a key; under a root key.
  case keysPut = "keys.put"
  /// Trusts a key no more, for good; under a root key.
  case keysRevoke = "keys.revoke"
  /// The time is that of this message, under a root key: for a box that was told a time that is
  /// not so, or whose clock was never set.
  case timeReset = "time.reset"
}
