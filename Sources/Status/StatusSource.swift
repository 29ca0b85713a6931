/// What the status server asks. Its calls must return at once: they are made on the server's one thread.
package protocol StatusSource: Sendable {
  /// The box as it was seen last.
  var picture: BoxPicture { get }
  /// The same as JSON, as schemas/box.json tells.
  var json: String { get }
  /// What every ledger says now, as JSON.
  var ledgers: String { get }
  /// The last hour.
  var history: History { get }
  /// The last picture of a camera; nil before the first.
  func still(of camera: String) -> (any Still)?
}

/// One JPEG, which does not change. A newer one is another object.
package protocol Still: AnyObject, Sendable {
  /// Lets `body` read the JPEG.
  func read(_ body: (RawSpan) -> Void)
}

/// Why the status cannot be served or asked for: a sentence for the operator.
package struct StatusError: Error, Equatable, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}
