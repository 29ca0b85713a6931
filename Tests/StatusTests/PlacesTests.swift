import Foundation
import NIOCore
import Synchronization
import Testing

@testable import Status

/// Who has a place with the server, and for how long.
@Suite(.serialized, .timeLimit(.minutes(2))) struct PlacesTests {
  private static let ask = "GET /healthz HTTP/1.1\r\n\r\n"

  /// A server that lets nobody go, with a picture that no socket holds: who asks for it and does not read keeps the place.
  private func patientServer() throws -> Served {
    var patience = ClientPatience()
    patience.answering = .minutes(10)
    patience.watching = .minutes(10)
    let served = try Served(patience: patience)
    served.box.current.withLock { $0 = Picture([UInt8](repeating: 7, count: 1_000_000)) }
    return served
  }

  /// Clients that ask for `path`, and are answered, but read no more than the first word of it.
  private func unreading(_ count: Int, _ path: String, _ served: Served) throws -> [Int32] {
    try (0..<count).map { _ in
      let client = try served.connect()
      say(client, "GET \(path) HTTP/1.1\r\n\r\n")
      #expect(String(decoding: hearSome(client), as: UTF8.self) == "HTTP/1.1 200")
      return client
    }
  }

  private func hearSome(_ client: Int32) -> [UInt8] {
    var part = [UInt8](repeating: 0, count: 12)
    let count = unsafe recv(client, &part, part.count, Int32(MSG_WAITALL))
    return Array(part.prefix(max(0, count)))
  }

  @Test func `Who was answered leaves the place to another`() throws {
    let served = try Served()
    let clients = try (0..<ClientPlaces.clientsMax).map { _ in try served.connect() }
    // Connections are taken in their order: with the last one's answer all had a place at the same time.
    for client in clients.reversed() {
      say(client, Self.ask)
      #expect(String(decoding: hear(client), as: UTF8.self).hasPrefix("HTTP/1.1 200"))
      close(client)
    }
    #expect(try StatusClient(socket: served.path).get("/healthz").code == 200)
  }

  @Test func `Who looks live takes no place of those who ask, of whom there are so many at most`()
    throws
  {
    let served = try patientServer()
    var clients = try unreading(ClientPlaces.streamsMax, "/cameras/front/stream", served)
    defer { clients.forEach { close($0) } }
    clients += try unreading(ClientPlaces.clientsMax, "/cameras/front/snapshot.jpg", served)
    let late = try served.connect()
    clients.append(late)
    say(late, Self.ask)
    #expect(hear(late).isEmpty)
  }

  @Test func `A live view sends a picture once, however often it looks for a newer one`() throws {
    let served = try Served()
    served.box.current.withLock { $0 = Picture(Array("first".utf8)) }
    let client = try served.connect()
    defer { close(client) }
    say(client, "GET /cameras/front/stream?fps=30 HTTP/1.1\r\n\r\n")
    while served.box.looks.withLock({ $0 }) < 5 { usleep(5000) }
    served.box.current.withLock { $0 = Picture(Array("second".utf8)) }
    var text = ""
    while !text.contains("second") {
      let byte = hear(client, bytesMax: 1)
      try #require(!byte.isEmpty)
      text += String(decoding: byte, as: UTF8.self)
    }
    #expect(text.split(separator: "first").count == 2)
  }
}
