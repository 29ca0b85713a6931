import NIOCore
import NIOHTTP1

/// A camera live for one client, as MJPEG (multipart/x-mixed-replace). A client that is slow misses pictures; one that
/// takes none is let go. On the server's thread.
final class LiveView {
  static let boundary = "vedette-frame"
  private static let rateRange = 1...30
  private let source: any StatusSource
  private let camera: String
  private let interval: TimeAmount
  private let patience: TimeAmount
  private var last: (any Still)?
  private var lastTaken = NIODeadline.now()
  private var isOver = false
  /// Asked before each picture: a token may be replaced, and a session ends.
  private let isAllowed: () -> Bool

  /// - Parameters:
  ///   - rate: pictures a second, at most: 1…30.
  ///   - patience: a client that has taken nothing for so long is let go.
  ///   - isAllowed: whether the client may look on.
  init(
    _ source: any StatusSource, camera: String, rate: Int, patience: TimeAmount,
    isAllowed: @escaping () -> Bool = { true }
  ) {
    self.source = source
    self.camera = camera
    self.patience = patience
    self.isAllowed = isAllowed
    let rate = min(max(rate, Self.rateRange.lowerBound), Self.rateRange.upperBound)
    interval = .milliseconds(Int64(1000 / rate))
  }

  func start(_ context: ChannelHandlerContext, version: HTTPVersion) {
    var headers = HTTPHeaders([
      ("Content-Type", "multipart/x-mixed-replace; boundary=\(Self.boundary)"),
      ("Connection", "close"),
    ])
    headers.add(contentsOf: Answer.protection)
    let head = HTTPResponseHead(version: version, status: .ok, headers: headers)
    context.writeAndFlush(wrap(.head(head)), promise: nil)
    turn(context)
  }

  func stop() {
    isOver = true
    last = nil
  }

  private func wrap(_ part: HTTPServerResponsePart) -> NIOAny { NIOAny(part) }

  private func turn(_ context: ChannelHandlerContext) {
    guard !isOver else { return }
    guard isAllowed() else {
      context.close(promise: nil)
      return
    }
    if context.channel.isWritable {
      lastTaken = .now()
      send(context)
    } else if NIODeadline.now() - lastTaken > patience {
      context.close(promise: nil)
      return
    }
    _ = context.eventLoop.assumeIsolated().scheduleTask(in: interval) { self.turn(context) }
  }

  private func send(_ context: ChannelHandlerContext) {
    guard let still = source.still(of: camera), still !== last else { return }
    last = still
    var part = ByteBuffer()
    still.read { span in
      part.reserveCapacity(span.byteCount + 128)
      part.writeString(
        "--\(Self.boundary)\r\nContent-Type: image/jpeg\r\nContent-Length: \(span.byteCount)\r\n\r\n"
      )
      unsafe span.withUnsafeBytes { _ = unsafe part.writeBytes($0) }
      part.writeString("\r\n")
    }
    context.writeAndFlush(wrap(.body(.byteBuffer(part))), promise: nil)
  }
}
