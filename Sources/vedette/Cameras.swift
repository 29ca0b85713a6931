import Agent
import ArgumentParser
import Capture
import Documents
import Terminal

struct Cameras: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists the cameras of this box: stable names, formats, sizes, rates and controls.",
    discussion: "Example: vedette cameras --json")

  @Flag(help: "One JSON object a line.")
  var json = false

  func run() throws {
    let devices = DeviceFinder.describe()
    if devices.isEmpty, !json {
      ConfigurationCheck.tell(
        "no camera here: nothing in /sys/class/video4linux captures video. Is one plugged in, and its driver loaded?"
      )
      throw ExitCode(ExitStatus.noInput)
    }
    for device in devices { print(json ? Self.line(device).line : Self.paragraph(device)) }
  }

  private static func line(_ device: DeviceDescription) -> JSON {
    .object([
      ("device", .string(device.node.path)), ("card", .string(device.node.card)),
      ("driver", .string(device.driver)),
      ("serial", device.node.serial.map { .string($0) } ?? .null),
      ("links", .array(device.node.links.map { .string($0) })),
      (
        "formats",
        .array(
          device.formats.map { format in
            .object([
              ("format", .string(format.name)), ("native", .string(format.isNative ? "yes" : "no")),
              ("sizes", .array(format.sizes.map { .string($0) })),
            ])
          })
      ),
      (
        "controls",
        .array(
          device.controls.map { control in
            .object([
              ("name", .string(control.name)), ("kind", .string(control.kind)),
              ("minimum", .integer(control.minimum)), ("maximum", .integer(control.maximum)),
              ("default", .integer(control.preset)),
              (
                "items",
                .array(control.items.sorted { $0.key < $1.key }.map { .string($0.value) })
              ),
            ])
          })
      ),
      ("trouble", device.trouble.map { .string($0) } ?? .null),
    ])
  }

  private static func paragraph(_ device: DeviceDescription) -> String {
    var lines = [
      "\(device.node.path)  \(device.node.card.terminalField) (\(device.driver.terminalField))"
    ]
    if let trouble = device.trouble { lines.append("  \(trouble.terminalField)") }
    if let serial = device.node.serial { lines.append("  serial   \(serial.terminalField)") }
    for link in device.node.links { lines.append("  link     \(link.terminalField)") }
    for format in device.formats {
      let note = format.isNative ? "" : "  (converted by libv4l2)"
      lines.append("  format   \(format.name)\(note)  \(format.sizes.joined(separator: " "))")
    }
    for control in device.controls {
      let range =
        control.items.isEmpty
        ? "\(control.minimum)…\(control.maximum)"
        : control.items.sorted { $0.key < $1.key }.map(\.value.terminalField).joined(
          separator: " | ")
      lines.append("  control  \(control.name.terminalField): \(range), default \(control.preset)")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
