import Frames
package import Gallery
package import Imaging
import Synchronization

/// What one thread of the pool has for analysers: codecs, the models that they load, and memory to draw in.
package final class AnalysisTools {
  /// The folder of models.
  package let models: String
  package let encoder: PictureEncoder
  /// Whom faces are compared with; nil where nobody is known.
  package internal(set) var people: GallerySnapshot?
  /// What ends the work at a picture.
  package let stop: AnalysisStop
  private let decoder: PictureDecoder
  private var canvas: PlanarPicture?
  private var kept: [ObjectIdentifier: AnyObject] = [:]

  package init(models: String, stop: AnalysisStop = AnalysisStop()) throws(ImagingError) {
    self.models = models
    self.stop = stop
    decoder = try PictureDecoder()
    encoder = try PictureEncoder(pool: BytePool())
  }

  /// A picture that is decoded when somebody first looks at it. Good until the next one.
  package func decoded(_ picture: PublishedPicture) -> DecodedPicture {
    DecodedPicture(picture, by: decoder)
  }

  /// How many pictures were decoded.
  var decodedCount: Int { decoder.count }

  /// A copy of a picture to draw into, good until the next one.
  package func canvas(_ planes: PlanarPicture) -> PlanarPicture {
    let copy = planes.copied(reusing: canvas)
    canvas = copy
    return copy
  }

  /// What all cameras' analysers share on this thread, such as models: made when it is first asked for.
  package func shared<Thing: AnyObject>(_ make: (AnalysisTools) -> Thing) -> Thing {
    let key = ObjectIdentifier(Thing.self)
    if let thing = kept[key] as? Thing { return thing }
    let thing = make(self)
    kept[key] = thing
    return thing
  }
}

/// Ends whatever analysers are at, within a moment: for whoever ends the process. Any thread may set it; once set it stays
/// so.
package final class AnalysisStop: Sendable {
  private struct State {
    var isSet = false
    var hooks: [@Sendable () -> Void] = []
  }

  private let state = Mutex(State())

  package init() {}

  package var isSet: Bool { state.withLock { $0.isSet } }

  package func set() {
    let hooks = state.withLock { state in
      state.isSet = true
      defer { state.hooks = [] }
      return state.hooks
    }
    for hook in hooks { hook() }
  }

  /// Has something done when it is set; at once where it is.
  package func onSet(_ hook: @escaping @Sendable () -> Void) {
    let isSet = state.withLock { state in
      if !state.isSet { state.hooks.append(hook) }
      return state.isSet
    }
    if isSet { hook() }
  }
}
