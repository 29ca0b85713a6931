import Foundation
import Synchronization
import Testing

@testable import Status

final class Picture: Still {
  let bytes: [UInt8]
  init(_ bytes: [UInt8]) { self.bytes = bytes }
  func read(_ body: (RawSpan) -> Void) {
    unsafe bytes.withUnsafeBytes { unsafe body($0.bytes) }
  }
}

final class Box: StatusSource {
  let box: BoxPicture
  let current = Mutex<Picture?>(nil)
  /// How often a picture was asked for.
  let looks = Mutex(0)
  init(_ box: BoxPicture = healthyBox()) { self.box = box }
  var picture: BoxPicture { box }
  var json: String { "{}" }
  var ledgers: String { "{}" }
  var history: History { History() }
  func still(of camera: String) -> (any Still)? {
    looks.withLock { $0 += 1 }
    return current.withLock { $0 }
  }
}

/// A server on a socket of its own, and plain connections to it.
final class Served {
  let box: Box
  let server: StatusServer
  let path = "/tmp/vedette-status-\(UUID().uuidString.prefix(8)).sock"
  init(_ box: Box = Box(), patience: ClientPatience = ClientPatience()) throws {
    self.box = box
    server = StatusServer(box, access: nil, patience: patience)
    try server.listen(socket: path)
  }
  deinit { server.stop() }

  func connect() throws -> Int32 { try connected(path) }
}

func connected(port: Int) throws -> Int32 {
  let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = in_port_t(port).bigEndian
  address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
  let result = unsafe withUnsafePointer(to: &address) {
    unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      unsafe Glibc.connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
  try #require(result == 0)
  return fd
}

func connected(_ path: String) throws -> Int32 {
  let fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
  let result = unsafe withUnsafePointer(to: &address) {
    unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      unsafe Glibc.connect(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
  }
  try #require(result == 0)
  var timeout = timeval(tv_sec: 20, tv_usec: 0)
  unsafe setsockopt(
    fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
  return fd
}

func say(_ fd: Int32, _ text: String) {
  let bytes = Array(text.utf8)
  _ = unsafe send(fd, bytes, bytes.count, Int32(MSG_NOSIGNAL))
}

/// Whether the other side ends the connection, whatever it says before, within the time that `connected` gives.
func isEnded(_ fd: Int32) -> Bool {
  var part = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = unsafe recv(fd, &part, part.count, 0)
    if count <= 0 { return count == 0 || errno == ECONNRESET }
  }
}

/// Until the other side closes, or `bytesMax`.
func hear(_ fd: Int32, bytesMax: Int = 1 << 20) -> [UInt8] {
  var all: [UInt8] = []
  var part = [UInt8](repeating: 0, count: 65_536)
  while all.count < bytesMax {
    let count = unsafe recv(fd, &part, part.count, 0)
    guard count > 0 else { break }
    all += part.prefix(count)
  }
  return all
}
