import Foundation
import Journal
import Testing

/// A datagram socket such as systemd listens on.
private final class NotifySocket {
  let name: String
  private let descriptor: Int32

  init(abstract: Bool) throws {
    let id = UUID().uuidString
    name = abstract ? "@vedette-test-\(id)" : NSTemporaryDirectory() + "vedette-test-\(id)"
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var path = Array(name.utf8)
    if abstract { path[0] = 0 }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
    let bound = unsafe withUnsafePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(descriptor, $0, length)
      }
    }
    try #require(bound == 0)
  }

  deinit {
    close(descriptor)
    if !name.hasPrefix("@") { unsafe unlink(name) }
  }

  /// The next message that is there, or nil.
  func next() -> String? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = unsafe recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
    return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
  }
}

/// The environment belongs to the whole process: one test at a time.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ServiceManagerTests {
  private func manager(_ environment: [String: String]) -> ServiceManager {
    let names = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]
    for name in names {
      if let value = environment[name] {
        unsafe setenv(name, value, 1)
      } else {
        unsafe unsetenv(name)
      }
    }
    defer { for name in names { unsafe unsetenv(name) } }
    return ServiceManager()
  }

  @Test(arguments: [false, true])
  func `systemd hears how the service is`(abstract: Bool) throws {
    let socket = try NotifySocket(abstract: abstract)
    let manager = manager(["NOTIFY_SOCKET": socket.name])
    manager.ready()
    manager.status("2 cameras, 30 fps\nno outage; Zürich")
    manager.alive()
    manager.reloading()
    manager.stopping()
    #expect(socket.next() == "READY=1")
    #expect(socket.next() == "STATUS=2 cameras, 30 fps no outage; Zürich")
    #expect(socket.next() == "WATCHDOG=1")
    #expect(socket.next()?.wholeMatch(of: #/RELOADING=1\nMONOTONIC_USEC=[0-9]+/#) != nil)
    #expect(socket.next() == "STOPPING=1")
    #expect(socket.next() == nil)
  }

  @Test(arguments: [
    [:], ["NOTIFY_SOCKET": ""], ["NOTIFY_SOCKET": "/nowhere/at/all"],
    ["NOTIFY_SOCKET": "@vedette-nobody-listens"],
    ["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 500)],
  ])
  func `Without systemd nothing happens`(environment: [String: String]) {
    let manager = manager(environment)
    manager.ready()
    manager.status("fine")
    manager.stopping()
  }

  @Test func `A systemd that does not read never makes the service wait`() throws {
    let socket = try NotifySocket(abstract: true)
    let manager = manager(["NOTIFY_SOCKET": socket.name])
    for _ in 0..<10_000 { manager.alive() }
    #expect(socket.next() == "WATCHDOG=1")
  }

  @Test func `The watchdog's interval is systemd's`() {
    let own = "\(getpid())"
    #expect(manager(["WATCHDOG_USEC": "30000000"]).watchdogSeconds == 30)
    #expect(manager(["WATCHDOG_USEC": "1500000", "WATCHDOG_PID": own]).watchdogSeconds == 1.5)
    #expect(manager(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"]).watchdogSeconds == nil)
    #expect(manager([:]).watchdogSeconds == nil)
    for wrong in ["0", "", "soon", "-5"] {
      #expect(manager(["WATCHDOG_USEC": wrong]).watchdogSeconds == nil)
    }
  }
}
