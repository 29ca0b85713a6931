import Status

extension AccessControl {
  /// Whom the status answers over TCP: nil where no token is asked for.
  /// - Throws: where there is no such token; then nobody is answered without it.
  static func of(_ status: StatusAssembly) throws(AgentError) -> AccessControl? {
    guard let file = status.tokenFile else { return nil }
    let token = try SecretFile.read(file, "status.token_file")
    guard let access = AccessControl(token: token) else {
      throw AgentError("status.token_file: \(file) \(advice)", .configuration)
    }
    return access
  }

  /// Reads the file again.
  func reload(_ status: StatusAssembly) throws(AgentError) {
    guard let file = status.tokenFile else { return }
    let token = try SecretFile.read(file, "status.token_file")
    guard replace(token: token) else {
      throw AgentError("status.token_file: \(file) \(Self.advice)", .temporary)
    }
  }

  private static var advice: String {
    "holds no token of at least \(tokenBytesMin) letters, digits or signs in one line; openssl rand -hex 32 makes one"
  }
}
