package import Documents

extension JSONReader {
  /// As `read`, for what a node is to take or to reject.
  package static func readOrReject(
    _ bytes: [UInt8], limits: Limits = Limits()
  ) throws(Rejection) -> JSON {
    do throws(JSONError) {
      return try read(bytes, limits: limits)
    } catch {
      switch error.code {
      case .tooLarge: throw Rejection(.tooLarge, error.description)
      case .notJSON: throw Rejection(.notJSON, error.description)
      }
    }
  }
}
