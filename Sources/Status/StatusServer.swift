import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// HTTP over a Unix socket, and over TCP where that is wanted. It has one thread of its own, and only reads
/// what others have left for it: whatever a client does, no frame waits.
package final class StatusServer: Sendable {
  /// Bytes of the longest path that the system takes for a socket.
  private static let pathMax = 107
  /// Connections that the kernel keeps until they are taken.
  private static let backlog: Int32 = 128

  private let source: any StatusSource
  /// Nil until it listens.
  private let running = Mutex<StatusLoop?>(nil)
  private let places = ClientPlaces()
  private let socketPath = Mutex<String?>(nil)

  private let access: AccessControl?
  private let patience: ClientPatience

  /// - Parameter access: whom TCP answers; nil for whoever is on this box.
  package convenience init(_ source: any StatusSource, access: AccessControl? = nil) {
    self.init(source, access: access, patience: ClientPatience())
  }

  init(_ source: any StatusSource, access: AccessControl?, patience: ClientPatience) {
    self.source = source
    self.access = access
    self.patience = patience
  }

  /// Answers on a Unix socket, which its owner and group may use.
  /// - Throws: where that cannot be, or where another agent answers there.
  package func listen(socket path: String) throws(StatusError) {
    guard path.utf8.count <= Self.pathMax else {
      throw StatusError("status.socket: \(path) is longer than \(Self.pathMax) bytes")
    }
    let loop = try loop()
    if Self.isAnswered(path, loop) {
      throw StatusError("status.socket: another agent answers at \(path)")
    }
    do {
      // Until its mode is set only the owner can connect, by any common umask.
      _ = try bootstrap(loop, isLocal: true)
        .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).wait()
    } catch {
      throw StatusError("status.socket: \(path) cannot be made: \(Self.reason(error))")
    }
    _ = unsafe chmod(path, 0o660)
    socketPath.withLock { $0 = path }
  }

  /// Answers on TCP.
  /// - Parameter host: an address of the loopback interface; of another one only with a token.
  /// - Returns: the port.
  @discardableResult
  package func listen(host: String, port: Int) throws(StatusError) -> Int {
    guard access != nil || Self.isLoopback(host) else {
      throw StatusError("status.listen: \(host):\(port) is not used without status.token_file")
    }
    let loop = try loop()
    do {
      let channel = try bootstrap(loop, isLocal: false).bind(host: host, port: port).wait()
      return channel.localAddress?.port ?? port
    } catch {
      throw StatusError("status.listen: \(host):\(port) cannot be had: \(Self.reason(error))")
    }
  }

  /// Ends all connections and the thread, and removes the socket.
  package func stop() {
    running.withLock { $0 }?.stop()
    let path = socketPath.withLock { path in
      defer { path = nil }
      return path
    }
    if let path { _ = unsafe unlink(path) }
  }

  /// - Throws: where the system gives no thread; it is asked again with the next call.
  private func loop() throws(StatusError) -> any EventLoop {
    try running.withLock { running throws(StatusError) in
      if let running { return running.eventLoop }
      let made = try StatusLoop()
      running = made
      return made.eventLoop
    }
  }

  private func bootstrap(_ loop: any EventLoop, isLocal: Bool) -> ServerBootstrap {
    let source = source
    let places = places
    let access = access
    let patience = patience
    return ServerBootstrap(group: loop)
      .serverChannelOption(.backlog, value: Self.backlog)
      // Connections of the last run that the kernel still remembers keep no port.
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        guard places.enter(channel) else { return channel.close() }
        channel.closeFuture.whenComplete { _ in places.leave(channel) }
        return channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(RequestLimit())
          try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false)
          try pipeline.addHandler(
            StatusHandler(
              source: source, places: places, isLocal: isLocal, access: access, patience: patience))
        }
      }
  }

  private static func isLoopback(_ host: String) -> Bool {
    host == "localhost" || host == "::1" || host.hasPrefix("127.")
  }

  /// Whether somebody takes connections there already.
  private static func isAnswered(_ path: String, _ loop: any EventLoop) -> Bool {
    guard
      let channel = try? ClientBootstrap(group: loop).connectTimeout(.seconds(1))
        .connect(unixDomainSocketPath: path).wait()
    else { return false }
    try? channel.close().wait()
    return true
  }

  /// The system's error, where it is one.
  static func code(_ error: any Error) -> Int32? {
    if let error = error as? NIOConnectionError, let first = error.connectionErrors.first {
      return code(first.error)
    }
    return (error as? IOError)?.errnoCode
  }

  static func reason(_ error: any Error) -> String {
    if let error = error as? IOError {
      return unsafe String(cString: strerror(error.errnoCode))
    }
    if let error = error as? NIOConnectionError, let first = error.connectionErrors.first {
      return reason(first.error)
    }
    return "\(error)"
  }
}

/// Closes a connection that sends more than any request of ours has.
final class RequestLimit: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  static let bytesMax = 16 << 10
  private var bytes = 0

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    bytes += unwrapInboundIn(data).readableBytes
    guard bytes <= Self.bytesMax else {
      context.close(promise: nil)
      return
    }
    context.fireChannelRead(data)
  }
}
