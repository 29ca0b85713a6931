package import Documents
import Gallery

/// All that there is to say of a type of command: a row of the table. The room that carries it out declares it, beside what
/// it does.
/// - Parameter Box: what it acts upon.
package struct Command<Box: Sendable>: Sendable {
  /// As it is written.
  package let type: String
  package let scope: CommandScope
  /// Whether it always takes so long that the next must not wait for it.
  package let isLong: Bool
  /// Whether it may be done again after the node died while it was at it.
  package let isRepeatable: Bool
  /// What a key must be allowed besides the type itself.
  let permissions: @Sendable (_ command: JSON) -> [String]
  private let read: @Sendable (inout Fields) throws(Rejection) -> CommandEffect<Box>

  /// - Parameter read: takes the arguments besides `type`, and `camera` where that is the scope.
  package init(
    _ type: String, _ scope: CommandScope, isLong: Bool = false, isRepeatable: Bool = true,
    permissions: @escaping @Sendable (_ command: JSON) -> [String] = { _ in [] },
    _ read: @escaping @Sendable (inout Fields) throws(Rejection) -> CommandEffect<Box>
  ) {
    self.type = type
    self.scope = scope
    self.isLong = isLong
    self.isRepeatable = isRepeatable
    self.permissions = permissions
    self.read = read
  }

  package init(
    _ type: CommandType, _ scope: CommandScope, isLong: Bool = false, isRepeatable: Bool = true,
    permissions: @escaping @Sendable (_ command: JSON) -> [String] = { _ in [] },
    _ read: @escaping @Sendable (inout Fields) throws(Rejection) -> CommandEffect<Box>
  ) {
    self.init(
      type.rawValue, scope, isLong: isLong, isRepeatable: isRepeatable, permissions: permissions,
      read)
  }

  /// - Throws: `.badArgument`.
  package func order(_ command: JSON) throws(Rejection) -> Order<Box> {
    var fields = try Fields(command, type)
    _ = fields.value("type")
    let camera = scope == .camera ? try fields.word("camera", bytesMax: 63) : nil
    let effect = try read(&fields)
    try fields.finish()
    return Order(
      type: type, scope: scope, isLong: isLong, isRepeatable: isRepeatable, camera: camera,
      effect: effect)
  }

  /// The same, of what has a part that it acts upon.
  package func on<Whole: Sendable>(
    _ part: @escaping @Sendable (Whole) -> Box
  ) -> Command<Whole> {
    Command<Whole>(
      type, scope, isLong: isLong, isRepeatable: isRepeatable, permissions: permissions
    ) { [read] fields throws(Rejection) in try read(&fields).on(part) }
  }
}

/// What must be there for a command.
package enum CommandScope: Sendable {
  case node, gallery, keys, spool
  /// The camera that it names.
  case camera
}

/// How a command takes effect.
package enum CommandEffect<Box: Sendable>: Sendable {
  /// It is stored as accepted, then carried out. For that of a long one `isStopping` is asked now and then: it is true where
  /// the node is ending, and a failure that `isInterrupted` then has it go on at the next start.
  case work(
    @Sendable (Box, _ isStopping: () -> Bool) throws(CommandFailure) -> [String: JSON])
  /// As a change of what lies over the configuration's files, which is checked, stored, and then adopted.
  case overlay(OverlayChange)
  /// Within the transaction that books its answer.
  case gallery(GalleryChange)
  case keys(KeyChange)
  /// Worked out from the gallery on the thread of long commands; what is found is stored with its answer.
  case study(GalleryStudy)

  func on<Whole: Sendable>(
    _ part: @escaping @Sendable (Whole) -> Box
  ) -> CommandEffect<Whole> {
    switch self {
    case .work(let body):
      .work { (whole, isStopping) throws(CommandFailure) in try body(part(whole), isStopping) }
    case .overlay(let change): .overlay(change)
    case .gallery(let change): .gallery(change)
    case .keys(let change): .keys(change)
    case .study(let study): .study(study)
    }
  }
}

/// A command whose arguments are right. Whether it can be carried out on this box is another question.
package struct Order<Box: Sendable>: Sendable {
  package let type: String
  package let scope: CommandScope
  private let isAlwaysLong: Bool
  package let isRepeatable: Bool
  /// The camera that it names; nil for none.
  package let camera: String?
  package let effect: CommandEffect<Box>

  init(
    type: String, scope: CommandScope, isLong: Bool, isRepeatable: Bool, camera: String?,
    effect: CommandEffect<Box>
  ) {
    self.type = type
    self.scope = scope
    isAlwaysLong = isLong
    self.isRepeatable = isRepeatable
    self.camera = camera
    self.effect = effect
  }

  /// Whether it takes so long that the next must not wait for it.
  package var isLong: Bool {
    if case .overlay(.merge(_, probation: .some)) = effect { return true }
    return isAlwaysLong
  }

  /// Whether its whole effect is in the transaction that books its answer.
  var isTransaction: Bool {
    switch effect {
    case .gallery, .keys: true
    case .work, .overlay, .study: false
    }
  }
}

/// A change of what lies over the configuration's files.
package enum OverlayChange: Sendable {
  /// A merge patch.
  /// - Parameter probation: seconds within which the camera must give pictures, or the change is taken back; nil for none.
  case merge(JSON, probation: Double?)
  /// Takes back all changes.
  /// - Parameter camera: those of this camera alone, whether it is still there or not; nil for all.
  case reset(camera: String?)
}

/// A change of the gallery.
package struct GalleryChange: Sendable {
  typealias Body =
    @Sendable (
      _ issuer: String, _ photos: ReadPhotos, inout GalleryEdit
    ) throws(GalleryError) -> [String: JSON]

  /// Whose photographs are looked at before the transaction.
  var people: [GalleryPerson] = []
  var apply: Body
  /// What is still to be done where it is refused for good.
  var afterRefusal: @Sendable (inout GalleryEdit) throws(GalleryError) -> Void = { _ in }

  init(_ apply: @escaping Body) { self.apply = apply }
}

/// Photographs of a command, as they were found.
struct ReadPhotos: Sendable {
  /// Of each person, those of each photograph.
  var readings: [[PhotoReading]] = []
  /// What made the encodings.
  var model: ModelName?
}

/// A change of the keys that are trusted.
package struct KeyChange: Sendable {
  let apply:
    @Sendable (inout ControlDesk.Inner, _ labels: [String: String]) throws(CommandFailure)
      -> [String: JSON]
}

/// What is found out from the gallery, and becomes part of it.
package struct GalleryStudy: Sendable {
  /// - Throws: `.cancelled` where it ended early since the node is ending.
  let run:
    @Sendable (GallerySnapshot, _ isStopping: () -> Bool) throws(GalleryError)
      -> @Sendable (inout GalleryEdit) throws(GalleryError) -> [String: JSON]
}
