import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks an agent on this box. Each call has its own thread for as long as it lasts.
package struct StatusClient: Sendable {
  /// What was answered.
  package struct Reply: Sendable {
    package var code = 0
    /// How the box is, where that was said.
    package var health: Health?
    package var type = ""
    package var body: [UInt8] = []
  }

  /// No answer of an agent is longer.
  private static let bytesMax = 64 << 20

  private let socket: String
  private let seconds: Int

  /// - Parameters:
  ///   - socket: the path of the agent's Unix socket.
  ///   - seconds: to wait for the answer.
  package init(socket: String, seconds: Int = 5) {
    self.socket = socket
    self.seconds = seconds
  }

  /// - Throws: where nobody answers.
  package func get(_ path: String) throws(StatusError) -> Reply {
    let loop = try StatusLoop()
    defer { loop.stop() }
    let promise = loop.eventLoop.makePromise(of: Reply.self)
    let seconds = seconds
    let channel: any Channel
    do {
      channel = try ClientBootstrap(group: loop.eventLoop).connectTimeout(.seconds(Int64(seconds)))
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHTTPClientHandlers()
            try pipeline.addHandler(
              ReplyCollector(promise, bytesMax: Self.bytesMax, seconds: seconds))
          }
        }
        .connect(unixDomainSocketPath: socket).wait()
    } catch {
      promise.fail(error)
      if let code = StatusServer.code(error), code == EACCES || code == EPERM {
        throw StatusError(
          "the agent's socket \(socket) may not be used: \(StatusServer.reason(error)); run this as root or as a member of the group vedette"
        )
      }
      throw StatusError(
        "no agent answers at \(socket): \(StatusServer.reason(error)); is vedetted running?"
      )
    }
    let head = HTTPRequestHead(
      version: .http1_1, method: .GET, uri: path,
      headers: ["Host": "localhost", "Connection": "close"])
    channel.write(HTTPClientRequestPart.head(head), promise: nil)
    channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    do {
      return try promise.futureResult.wait()
    } catch {
      throw StatusError("the agent at \(socket) does not answer: \(StatusServer.reason(error))")
    }
  }
}

/// Gathers one reply.
private final class ReplyCollector: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart

  private let promise: EventLoopPromise<StatusClient.Reply>
  private let bytesMax: Int
  private let seconds: Int
  private var reply = StatusClient.Reply()
  private var timeout: Scheduled<Void>?

  init(_ promise: EventLoopPromise<StatusClient.Reply>, bytesMax: Int, seconds: Int) {
    self.promise = promise
    self.bytesMax = bytesMax
    self.seconds = seconds
  }

  func channelActive(context: ChannelHandlerContext) {
    let seconds = seconds
    timeout = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(Int64(seconds))) {
      self.fail("no whole answer within \(seconds) s", context)
    }
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      reply.code = Int(head.status.code)
      reply.type = head.headers.first(name: "content-type") ?? ""
      let health = head.headers.first(name: "vedette-health")
      reply.health = [Health.ok, .warning, .critical].first { $0.name == health }
    case .body(let part):
      guard reply.body.count + part.readableBytes <= bytesMax else {
        return fail("its answer is longer than \(bytesMax) bytes", context)
      }
      reply.body.append(contentsOf: part.readableBytesView)
    case .end:
      timeout?.cancel()
      promise.succeed(reply)
      context.close(promise: nil)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail("it closed the connection", context)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail(StatusServer.reason(error), context)
  }

  private func fail(_ why: String, _ context: ChannelHandlerContext) {
    timeout?.cancel()
    promise.fail(StatusError(why))
    context.close(promise: nil)
  }
}
