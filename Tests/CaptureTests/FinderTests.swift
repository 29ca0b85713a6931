import Synchronization
import CV4L2
import Foundation
import Glibc
import Testing

@testable import Capture

/// Cameras by node, link, card name and serial, in a /sys and /dev of the test's own.
@Suite final class FinderTests {
  private let root: String
  private let fake = FakeCamera { $0.nodes = [:] }
  private var system: VideoSystem { VideoSystem(kernel: fake, converting: fake, root: root) }

  init() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/vedette-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    root = try #require(Files.realPath(folder))
    for path in ["/dev/v4l/by-id", "/dev/v4l/by-path", "/sys/class/video4linux"] { try make(path) }
    // Two cameras of one kind, each with a node for metadata; the second without a serial.
    try add("video0", usb: "1-1", card: "C920", serial: "8A3F", driverCard: "C920")
    try add("video1", usb: "1-1", card: "C920", serial: "8A3F", isMetadata: true)
    try add("video2", usb: "1-2", card: "C920")
    try add("video3", usb: "1-2", card: "C920", isMetadata: true)
    try add("video10", usb: "2-1", card: "vivid-000-vid-cap", serial: "X", driverCard: "vivid")
    try link("by-id/usb-Logitech_C920_8A3F-video-index0", "video0")
    try link("by-path/pci-0-usb-0:1:1.0-video-index0", "video0")
    try link("by-path/pci-0-usb-0:2:1.0-video-index0", "video2")
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  private func make(_ path: String) throws {
    try FileManager.default.createDirectory(
      atPath: root + path, withIntermediateDirectories: true)
  }

  private func write(_ path: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: root + path))
  }

  private func link(_ name: String, _ node: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: "\(root)/dev/v4l/\(name)", withDestinationPath: "../../\(node)")
  }

  private func add(
    _ node: String, usb: String, card: String, serial: String? = nil, driverCard: String? = nil,
    isMetadata: Bool = false
  ) throws {
    // As sysfs has it: the interface below the device, the device below a hub with a serial of its own.
    let device = "/sys/devices/usb1/\(usb)"
    try make("\(device)/\(usb):1.0")
    try write("/sys/devices/usb1/serial", "0000:00:14.0\n")
    try write("\(device)/idVendor", "046d\n")
    if let serial { try write("\(device)/serial", serial + "\n") }
    try make("/sys/class/video4linux/\(node)")
    try write("/sys/class/video4linux/\(node)/name", card + "\n")
    try FileManager.default.createSymbolicLink(
      atPath: "\(root)/sys/class/video4linux/\(node)/device",
      withDestinationPath: "\(root)\(device)/\(usb):1.0")
    try write("/dev/\(node)", "")
    let path = "\(root)/dev/\(node)"
    fake.state.withLock { state in
      state.nodes?[path] = (
        card: driverCard ?? card,
        capabilities: isMetadata ? VP_CAP_STREAMING : VP_CAP_STREAMING | VP_CAP_CAPTURE
      )
    }
  }

  @Test func `Nodes are listed by number with card, serial and links`() {
    let nodes = DeviceFinder.nodes(in: system)
    #expect(nodes.map(\.path) == [0, 1, 2, 3, 10].map { "\(root)/dev/video\($0)" })
    #expect(nodes.map(\.serial) == ["8A3F", "8A3F", nil, nil, "X"])
    #expect(nodes[0].links.count == 2)
    #expect(nodes[2].links == ["\(root)/dev/v4l/by-path/pci-0-usb-0:2:1.0-video-index0"])
  }

  @Test(arguments: [
    ("usb-Logitech_C920_8A3F-video-index0", "/dev/v4l/by-id/usb-Logitech_C920_8A3F-video-index0"),
    ("pci-0-usb-0:2:1.0-video-index0", "/dev/v4l/by-path/pci-0-usb-0:2:1.0-video-index0"),
    ("video2", "/dev/video2"), ("8A3F", "/dev/video0"), ("vivid-000-vid-cap", "/dev/video10"),
    ("vivid", "/dev/video10"),
  ])
  func `Links, serials and card names lead to the node that captures`(name: String, path: String)
    throws
  {
    #expect(try DeviceFinder.path(of: name, in: system) == root + path)
  }

  @Test func `A path is taken as it is, there or not`() throws {
    #expect(try DeviceFinder.path(of: "/dev/video99", in: system) == "/dev/video99")
  }

  @Test func `A name that two cameras have is refused with the paths that tell them apart`() {
    let paths = [1, 2].map { "\(root)/dev/v4l/by-path/pci-0-usb-0:\($0):1.0-video-index0" }
    #expect {
      try DeviceFinder.path(of: "C920", in: system)
    } throws: { error in
      "\(error)" == "2 cameras are called \"C920\"; name one by its path: "
        + paths.joined(separator: ", ")
    }
  }

  @Test func `A name that none has is refused with those that there are`() {
    #expect {
      try DeviceFinder.path(of: "C930", in: system)
    } throws: { error in
      (error as? CaptureError)?.code == .absent
        && "\(error)" == "no camera has the name, link or serial \"C930\"; "
          + "there are: 8A3F, C920, X, vivid-000-vid-cap"
    }
  }

  @Test func `With no video device at all, that is said`() {
    let empty = VideoSystem(kernel: fake, converting: fake, root: root + "/nowhere")
    #expect {
      try DeviceFinder.path(of: "C920", in: empty)
    } throws: { error in
      "\(error)".hasSuffix("there is no video device")
    }
  }
}
