import Documents
import NIOCore
import NIOHTTP1

/// One connection: one request, one answer, and it is closed. On the server's thread.
final class StatusHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let source: any StatusSource
  private let places: ClientPlaces
  /// Over the Unix socket; else over TCP, where a browser may be led here by another page.
  private let isLocal: Bool
  /// Whom TCP answers; nil for whoever is on this box.
  private let access: AccessControl?
  private let patience: ClientPatience
  private var head: HTTPRequestHead?
  private var form = ByteBuffer()
  private var timeout: Scheduled<Void>?
  private var live: LiveView?

  init(
    source: any StatusSource, places: ClientPlaces, isLocal: Bool, access: AccessControl? = nil,
    patience: ClientPatience
  ) {
    self.access = access
    self.patience = patience
    self.source = source
    self.places = places
    self.isLocal = isLocal
  }

  func channelActive(context: ChannelHandlerContext) {
    limit(patience.asking, context)
    context.fireChannelActive()
  }

  private func limit(_ time: TimeAmount, _ context: ChannelHandlerContext) {
    timeout?.cancel()
    timeout = context.eventLoop.assumeIsolated().scheduleTask(in: time) {
      context.close(promise: nil)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    timeout?.cancel()
    live?.stop()
    live = nil
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): self.head = self.head ?? head
    // `RequestLimit` bounds it.
    case .body(var part): form.writeBuffer(&part)
    case .end:
      guard live == nil, let head else { return }
      places.asked(context.channel)
      limit(patience.answering, context)
      answer(head, context)
    }
  }

  private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let path = String(parts.first ?? "")
    let query = parts.count > 1 ? Query(parts[1]) : Query("")
    if !isLocal, let refusal = refusal(head, path) { return send(refusal, head, context) }
    guard head.method == .GET || head.method == .HEAD else {
      return send(.text(.methodNotAllowed, "only GET and HEAD are known here\n"), head, context)
    }
    if let camera = Self.camera(path, "stream"), head.method == .GET {
      return stream(camera, query, head, context)
    }
    send(answer(path, query), head, context)
  }

  /// What is said over TCP instead of an answer: to other sites' pages, and to whoever has no right to it.
  private func refusal(_ head: HTTPRequestHead, _ path: String) -> Answer? {
    let headers = head.headers
    // A page elsewhere that embeds or fetches something of ours; a link that somebody follows is none of that.
    if let site = headers.first(name: "sec-fetch-site"), site != "same-origin", site != "none",
      head.method == .POST || headers.first(name: "sec-fetch-mode") != "navigate"
        || headers.first(name: "sec-fetch-dest") != "document"
    {
      return .text(.forbidden, "pages of other sites are given nothing\n")
    }
    if let access {
      if path == "/sign-in", head.method == .POST {
        return SignIn.answer(String(buffer: form), access)
      }
      // Who knows the token may call the box by any name; a page that has its own name point here does not know it.
      return access.isAllowed(headers) ? nil : SignIn.refusal(head, path)
    }
    return Self.isLoopback(headers["host"])
      ? nil : .text(.misdirectedRequest, "ask for localhost or 127.0.0.1\n")
  }

  private func answer(_ path: String, _ query: Query) -> Answer {
    guard source.picture.wall > 0 else {
      return .text(.serviceUnavailable, "the agent has only just begun: ask again\n")
    }
    switch path {
    case "/": return Answer(.ok, "text/html; charset=utf-8", Page.html)
    case "/status":
      return Answer(.ok, "application/json", source.json + "\n", health: source.picture.health)
    case "/ledger": return Answer(.ok, "application/json", source.ledgers + "\n")
    case "/history": return Answer(.ok, "application/json", source.history.json.line + "\n")
    case "/status.txt":
      let picture = source.picture
      let screen = Screen(
        picture, columns: query.number("columns") ?? 80, isColoured: query.has("colours"))
      return Answer(.ok, "text/plain; charset=utf-8", screen.text, health: picture.health)
    case "/metrics":
      let type = "text/plain; version=0.0.4; charset=utf-8"
      return Answer(.ok, type, source.picture.metrics)
    case "/healthz":
      let picture = source.picture
      let status = picture.health == .critical ? HTTPResponseStatus.serviceUnavailable : .ok
      return Answer(
        status, "text/plain; charset=utf-8", "\(picture.health.name): \(picture.verdict)\n",
        health: picture.health)
    default:
      if let camera = Self.camera(path, "snapshot.jpg") { return snapshot(camera) }
      return .text(
        .notFound,
        "here are / /status /status.txt /ledger /history /metrics /healthz /cameras/NAME/snapshot.jpg /cameras/NAME/stream\n"
      )
    }
  }

  private func snapshot(_ name: String) -> Answer {
    guard let camera = source.picture.cameras.first(where: { $0.name == name }) else {
      return unknown(name)
    }
    guard let still = source.still(of: name) else {
      let why = camera.detail.map { ": \($0)" } ?? ""
      return .text(.serviceUnavailable, "camera \(name) has given no picture yet\(why)\n")
    }
    var answer = Answer(.ok, "image/jpeg")
    still.read { span in
      unsafe span.withUnsafeBytes { _ = unsafe answer.body.writeBytes($0) }
    }
    if let age = camera.lastFrameAge { answer.age = Int(age) }
    return answer
  }

  private func unknown(_ name: String) -> Answer {
    let names = source.picture.cameras.map(\.name).joined(separator: ", ")
    return .text(.notFound, "there is no camera \(name); there are: \(names)\n")
  }

  private func stream(
    _ name: String, _ query: Query, _ head: HTTPRequestHead, _ context: ChannelHandlerContext
  ) {
    guard source.picture.cameras.contains(where: { $0.name == name }) else {
      return send(unknown(name), head, context)
    }
    guard places.enterStream(context.channel) else {
      let text = "\(ClientPlaces.streamsMax) clients look at cameras already\n"
      return send(.text(.serviceUnavailable, text), head, context)
    }
    timeout?.cancel()
    let access = isLocal ? nil : access
    let live = LiveView(
      source, camera: name, rate: query.number("fps") ?? 10, patience: patience.watching
    ) {
      access?.isAllowed(head.headers) ?? true
    }
    self.live = live
    live.start(context, version: head.version)
  }

  private func send(_ answer: Answer, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let headers = answer.headers
    let reply = HTTPResponseHead(version: head.version, status: answer.status, headers: headers)
    context.write(wrapOutboundOut(.head(reply)), promise: nil)
    if head.method != .HEAD {
      context.write(wrapOutboundOut(.body(.byteBuffer(answer.body))), promise: nil)
    }
    let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
      loopBound.value.close(promise: nil)
    }
  }

  /// The camera's name in `/cameras/NAME/WHAT`.
  private static func camera(_ path: String, _ what: String) -> String? {
    let words = path.split(separator: "/", omittingEmptySubsequences: false)
    guard words.count == 4, words[0].isEmpty, words[1] == "cameras", words[3] == what else {
      return nil
    }
    return String(words[2])
  }

  /// A page elsewhere can have its name point here; then the browser says that name. One name, and a port or none: what
  /// could be read in two ways is not ours.
  private static func isLoopback(_ hosts: [String]) -> Bool {
    guard hosts.count == 1, let host = hosts.first else { return false }
    for name in ["localhost", "127.0.0.1", "[::1]"] where host.hasPrefix(name) {
      let rest = host.utf8.dropFirst(name.utf8.count)
      let digits = rest.dropFirst()
      return rest.isEmpty
        || rest.first == UInt8(ascii: ":") && !digits.isEmpty
          && digits.allSatisfy { (48...57).contains($0) }
    }
    return false
  }
}
