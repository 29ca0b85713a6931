import Kafka

/// Stands in for a payload that was handed on.
final class EmptyPayload: Payload {
  func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe body(UnsafeRawBufferPointer(start: nil, count: 0))
  }
}
