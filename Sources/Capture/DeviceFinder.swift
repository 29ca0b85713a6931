import CPosix
import Glibc
import Paths

/// Finds the node that a configured name means.
package enum DeviceFinder {
  /// What the system knows of a video node without opening it.
  package struct Node: Equatable, Sendable {
    /// `/dev/videoN`
    package var path: String
    package var card: String
    /// Of the USB device; nil where it has none.
    package var serial: String?
    /// Links under /dev/v4l that point to it.
    package var links: [String]
  }

  /// All video nodes, by number.
  package static func nodes() -> [Node] { nodes(in: VideoSystem()) }

  static func nodes(in system: VideoSystem) -> [Node] {
    let root = system.root
    let classFolder = "\(root)/sys/class/video4linux"
    let links = ["\(root)/dev/v4l/by-id", "\(root)/dev/v4l/by-path"].flatMap { folder in
      Files.names(in: folder).map { "\(folder)/\($0)" }
    }
    let targets = links.map { ($0, Files.realPath($0)) }
    return Files.names(in: classFolder)
      .filter { $0.hasPrefix("video") }
      .sorted { (Int($0.dropFirst(5)) ?? 0) < (Int($1.dropFirst(5)) ?? 0) }
      .map { name in
        let path = "\(root)/dev/\(name)"
        return Node(
          path: path, card: WholeFile.firstLine(of: "\(classFolder)/\(name)/name") ?? "",
          serial: serial("\(classFolder)/\(name)/device"),
          links: targets.filter { $0.1 == path }.map(\.0))
      }
  }

  /// The serial is a file of the USB device, some folders above the video node's own.
  private static func serial(_ device: String) -> String? {
    guard var folder = Files.realPath(device) else { return nil }
    for _ in 0..<3 {
      if let serial = WholeFile.firstLine(of: "\(folder)/serial"), !serial.isEmpty { return serial }
      // Above the device there are hubs, with serials of their own.
      if WholeFile.firstLine(of: "\(folder)/idVendor") != nil { return nil }
      guard let slash = folder.lastIndex(of: "/") else { return nil }
      folder = String(folder[..<slash])
    }
    return nil
  }

  /// The path to open for `device`: paths as they are; else the one node with such a link, serial or
  /// card name that captures.
  static func path(of device: String, in system: VideoSystem) throws(CaptureError) -> String {
    if device.hasPrefix("/") { return device }
    for folder in ["/dev/v4l/by-id", "/dev/v4l/by-path", "/dev"].map({ system.root + $0 })
    where unsafe vp_access("\(folder)/\(device)", F_OK) == 0 {
      return "\(folder)/\(device)"
    }
    let all = nodes(in: system)
    var matching = all.filter { $0.serial == device || $0.card == device }
    if matching.isEmpty {
      // Some drivers give the node another name than the card.
      matching = all.filter { (try? Device(path: $0.path, calls: system.kernel))?.card == device }
    }
    let capturing =
      matching.count > 1 ? matching.filter { canCapture($0.path, system) } : matching
    guard let node = capturing.first else {
      let known = Set(all.flatMap { [$0.card, $0.serial ?? ""] }).filter { !$0.isEmpty }.sorted()
      throw CaptureError(
        .absent,
        """
        no camera has the name, link or serial "\(device)"; \
        \(known.isEmpty ? "there is no video device" : "there are: " + known.joined(separator: ", "))
        """)
    }
    guard capturing.count == 1 else {
      let paths = capturing.map { $0.links.last ?? $0.path }.joined(separator: ", ")
      throw CaptureError(
        .unsuitable,
        "\(capturing.count) cameras are called \"\(device)\"; name one by its path: \(paths)")
    }
    return node.path
  }

  /// False for the metadata nodes that many cameras have beside the one for video.
  private static func canCapture(_ path: String, _ system: VideoSystem) -> Bool {
    do {
      let device = try Device(path: path, calls: system.kernel)
      device.close()
      return true
    } catch {
      return error.code == .denied
    }
  }
}
