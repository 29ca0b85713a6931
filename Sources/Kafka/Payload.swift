/// The bytes of a record, which librdkafka reads where they are until the delivery report.
package protocol Payload: AnyObject, Sendable {
  /// The bytes, at an address that stays the same for as long as the object lives; they do not change
  /// once the object was handed over.
  func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result
}

/// Bytes that are a payload by themselves.
@safe
package final class BytesPayload: Payload, @unchecked Sendable {
  private let storage: UnsafeRawBufferPointer

  package init(_ bytes: some Collection<UInt8>) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    unsafe copy.copyBytes(from: bytes)
    unsafe storage = UnsafeRawBufferPointer(copy)
  }

  deinit { unsafe storage.deallocate() }

  package func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe body(storage)
  }
}
