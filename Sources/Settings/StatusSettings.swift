/// Where the agent says how it is.
package struct StatusSettings: Equatable, Sendable {
  /// An address of this box.
  package struct Address: Equatable, Sendable {
    package var host: String
    package var port: Int
    package init(host: String, port: Int) {
      self.host = host
      self.port = port
    }

    /// Whether only programs on this box can connect.
    package var isLoopback: Bool {
      host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }
  }

  /// The path of the Unix socket; nil for none.
  package var socket: String? = SettingsLoader.defaultStatusSocket
  /// TCP as well; nil for none.
  package var listen: Address?
  /// The file of the token that who asks over TCP must know; nil for none.
  package var tokenFile: String?
  package init() {}
}
