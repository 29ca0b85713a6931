package import Frames

/// Where a camera's frames come from.
package enum CameraSource: Equatable, Sendable {
  case device(DeviceRequest)
  case replay(ReplayRequest)
}

/// What is asked of a V4L2 device.
package struct DeviceRequest: Equatable, Sendable {
  package struct Control: Equatable, Sendable {
    package var name: String
    package var value: String
    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// A node, a link under /dev/v4l or its name, a card name or a serial.
  package var device: String
  /// `yuyv`, … or `fourcc:XXXX` for a format that libv4l2 converts; nil for the best there is.
  package var format: String?
  package var size: FrameSize?
  /// Frames per second.
  package var rate: Double?
  package var controls: [Control] = []
  /// Nil: as the driver says.
  package var range: ColourRange?
  package var buffers = 4
  /// Seconds without a frame after which the device is reopened; nil to take it from the rate.
  package var timeout: Double?

  package init(device: String) { self.device = device }
}

/// What is to be replayed.
package struct ReplayRequest: Equatable, Sendable {
  /// A folder of JPEGs, an MJPEG file, or raw frames.
  package var path: String
  /// Of raw frames; nil for JPEG.
  package var format: PixelFormat?
  package var size: FrameSize?
  /// Frames per second.
  package var rate: Double
  package var loop: Bool
  package var range: ColourRange?

  package init(
    path: String, format: PixelFormat? = nil, size: FrameSize? = nil, rate: Double = 30,
    loop: Bool = true, range: ColourRange? = nil
  ) {
    self.path = path
    self.format = format
    self.size = size
    self.rate = rate
    self.loop = loop
    self.range = range
  }
}

/// Takes a camera's frames, on the camera's own thread.
package protocol FrameSink: AnyObject, Sendable {
  /// Frames of this layout follow.
  func streamBegan(_ layout: FrameLayout)
  /// Whether pictures of this size, which is another than was negotiated, can be published.
  func canTake(_ size: FrameSize) -> Bool
  /// No more frames come, unless the source comes back: it failed, is gone, was played to its end or is to stop.
  func streamEnded()
  /// One good frame; its buffer goes back to the driver when the frame is let go.
  func take(_ frame: consuming Frame)
}

extension FrameSink {
  package func canTake(_ size: FrameSize) -> Bool { true }
  package func streamEnded() {}
}
