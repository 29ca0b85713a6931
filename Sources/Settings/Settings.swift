package import Keys

/// The whole configuration, checked: what /etc/vedette/vedette.yaml and conf.d say, with defaults for
/// what they leave out. Times are in seconds, sizes in bytes, rates in hertz.
package struct Settings: Equatable, Sendable {
  /// This box's name in keys, headers and sources: 1…63 of letters, digits, `.`, `_`, `-`.
  package var node: String
  package var log = LogSettings()
  package var kafka = KafkaSettings()
  package var delivery = DeliverySettings()
  package var analysis = AnalysisSettings()
  /// Nil where nobody commands the box over a topic.
  package var control: ControlSettings?
  /// Nil where there is none: records then wait in memory alone.
  package var spool: SpoolSettings?
  package var status = StatusSettings()
  /// By name, in the order of the files.
  package var cameras: [CameraSettings] = []

  package init(node: String) { self.node = node }
}

package struct LogSettings: Equatable, Sendable {
  package enum Level: String, CaseIterable, Sendable { case debug, info, notice, warning, error }
  package var level = Level.info
  package init() {}
}

package struct KafkaSettings: Equatable, Sendable {
  /// `host` or `host:port`.
  package var brokers: [String] = ["localhost:9092"]
  /// Put before each topic's name with a dot between.
  package var prefix = "vedette"
  /// The topics' names without prefix; those that are switched off are not in it.
  package var topics = Dictionary(uniqueKeysWithValues: Topic.own.map { ($0, $0.rawValue) })
  /// librdkafka properties set through as they stand.
  package var properties: [String: String] = [:]
  /// librdkafka properties whose values are read from these files, and never logged.
  package var secretFiles: [String: String] = [:]

  package init() {}

  /// With prefix; nil where it is switched off.
  package func name(of topic: Topic) -> String? { topics[topic].map { "\(prefix).\($0)" } }
}

package struct DeliverySettings: Equatable, Sendable {
  /// Bytes of records waiting or in flight, at most.
  package var memoryMax = 32 << 20
  /// The oldest unacknowledged record's age that makes an outage, in seconds.
  package var outageAfter = 2.0
  /// Records waiting longer than this many seconds are dropped as `age`; nil for never.
  package var ageMax: Double?
  /// Seconds that a clean shutdown may take.
  package var shutdownBudget = 8.0
  package init() {}
}

package struct CameraSettings: Equatable, Sendable {
  package enum Source: Equatable, Sendable {
    case device(DeviceSettings)
    case replay(ReplaySettings)
  }

  package struct Size: Equatable, Sendable {
    package var width: Int
    package var height: Int
    package init(width: Int, height: Int) {
      self.width = width
      self.height = height
    }
  }

  /// A rectangle that is burned black, in pixels of the captured picture.
  package struct Mask: Equatable, Sendable {
    package var x: Int
    package var y: Int
    package var width: Int
    package var height: Int
    package init(x: Int, y: Int, width: Int, height: Int) {
      self.x = x
      self.y = y
      self.width = width
      self.height = height
    }
  }

  package enum Chroma: String, CaseIterable, Sendable {
    /// As the camera gives it.
    case auto
    case yuv420 = "4:2:0"
    case yuv422 = "4:2:2"
  }

  package enum Range: String, CaseIterable, Sendable {
    /// As the driver says.
    case auto
    case limited, full
  }

  package enum Verify: String, CaseIterable, Sendable {
    /// Markers, lengths, restart order and end of each passed-through picture.
    case structure
    /// All of its entropy-coded data too, which costs about half a decode.
    case full
  }

  /// How a picture of another shape is brought to `scale`.
  package enum Fit: String, CaseIterable, Sendable {
    /// Whole picture, with black bars.
    case contain
    /// Whole area, with the picture's edges cut off.
    case cover
    /// Both, with the shape distorted.
    case stretch
  }

  /// 1…63 of letters, digits, `.`, `_`, `-`.
  package var name: String
  package var source: Source
  /// False where the camera is known, but not opened.
  package var enabled = true
  /// Why it is not opened though it is enabled: what was commanded of it cannot be applied. Never from a file.
  package var hold: String?
  /// JPEG quality 1…100.
  package var quality = 80
  package var chroma = Chroma.auto
  package var range = Range.auto
  package var publish = PublishSettings()
  /// The published size; nil for the captured one.
  package var scale: Size?
  package var fit = Fit.contain
  package var masks: [Mask] = []
  package var verify = Verify.structure
  /// What is done about its pictures: the options of each analyser that looks at them, by its name.
  package var analysers: [String: AnyOptions] = [:]

  package init(name: String, source: Source) {
    self.name = name
    self.source = source
  }

  /// The options of one analyser; nil where it does not look at the pictures.
  package subscript<Options: KeyedOptions>(_ type: Options.Type) -> Options? {
    get { analysers[Options.name]?.as(type) }
    set { analysers[Options.name] = newValue.map { AnyOptions($0) } }
  }
}

package struct DeviceSettings: Equatable, Sendable {
  /// A node (/dev/video0), a link under /dev/v4l, the name of one there, a card name or a serial.
  package var device: String
  /// A format name in lower case (`yuyv`, `mjpeg`, …); nil for the best that the camera has.
  package var format: String?
  package var size: CameraSettings.Size?
  /// Frames per second asked of the camera.
  package var rate: Double?
  /// By name, as `vedette cameras` prints them; values as written.
  package var controls: [Control] = []
  /// Buffers mapped from the driver, 2…32.
  package var buffers = 4
  /// Seconds without a frame until the camera is opened again; nil to take it from the rate.
  package var timeout: Double?

  package struct Control: Equatable, Sendable {
    package var name: String
    package var value: String
    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  package init(device: String) { self.device = device }
}

package struct ReplaySettings: Equatable, Sendable {
  /// A folder of JPEG files, an MJPEG file, or a file of raw frames.
  package var path: String
  /// For raw frames: their format, in lower case; nil for JPEG.
  package var format: String?
  /// For raw frames: their size.
  package var size: CameraSettings.Size?
  /// Frames per second.
  package var rate = 30.0
  /// Whether it begins again at the end.
  package var loop = true

  package init(path: String) { self.path = path }
}
