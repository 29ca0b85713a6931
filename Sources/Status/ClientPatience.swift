import NIOCore

/// How long the server waits for a client before it closes the connection.
struct ClientPatience: Sendable {
  /// That has not sent its request yet.
  var asking = TimeAmount.seconds(3)
  /// That has not read the answer yet.
  var answering = TimeAmount.seconds(10)
  /// That looks at a camera, and has taken nothing.
  var watching = TimeAmount.seconds(10)
}
