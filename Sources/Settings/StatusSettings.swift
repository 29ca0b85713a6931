/// Where the agent says how it is.
package struct StatusSettings: Equatable, Sendable {
  /// An address of the loopback interface.
  package struct Address: Equatable, Sendable {
    package var host: String
    package var port: Int
    package init(host: String, port: Int) {
      self.host = host
      self.port = port
    }
  }

  /// The path of the Unix socket; nil for none.
  package var socket: String? = SettingsLoader.defaultStatusSocket
  /// TCP as well; nil for none.
  package var listen: Address?
  package init() {}
}
