import Frames

/// All that a camera tells of itself, for the operator.
package struct DeviceDescription: Sendable {
  package struct Format: Sendable {
    /// As the configuration wants it.
    package var name: String
    /// Read without libv4l2's conversion.
    package var isNative: Bool
    /// `1280x720@30,15`, or the ends of a range.
    package var sizes: [String]
  }

  package var node: DeviceFinder.Node
  package var driver: String
  package var formats: [Format]
  package var controls: [ControlDescription]
  /// Why it could not be asked, or who has it; nil where all is well.
  package var trouble: String?
}

extension DeviceFinder {
  /// The nodes that capture, with what they can do.
  package static func describe() -> [DeviceDescription] {
    nodes().compactMap { node in
      let device: Device
      do throws(CaptureError) {
        device = try Device(path: node.path, calls: KernelCalls())
      } catch {
        // Nodes for metadata or output are no cameras; what may not be opened may be one.
        guard error.code == .denied else { return nil }
        return DeviceDescription(
          node: node, driver: "?", formats: [], controls: [], trouble: error.description)
      }
      defer { device.close() }
      let holders = Holders.find(node.path).map { "\($0.name) (pid \($0.pid))" }
      return DeviceDescription(
        node: node, driver: device.driver, formats: device.formats().map { device.describe($0) },
        controls: device.controls(),
        trouble: holders.isEmpty ? nil : "held by \(holders.joined(separator: ", "))")
    }
  }
}

extension Device {
  fileprivate func describe(_ format: FourCC) -> DeviceDescription.Format {
    let sizes = sizes(format).map { range in
      guard range.least != range.most else {
        let rates = rates(format, range.least).map { rate in
          rate == rate.rounded() ? String(Int(rate)) : String((rate * 100).rounded() / 100)
        }
        return "\(range.least)" + (rates.isEmpty ? "" : "@" + rates.joined(separator: ","))
      }
      return "\(range.least)…\(range.most)"
    }
    return DeviceDescription.Format(
      name: format.pixelFormat?.rawValue ?? "fourcc:\(format)",
      isNative: format.pixelFormat != nil, sizes: sizes)
  }
}
