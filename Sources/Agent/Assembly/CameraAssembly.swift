import Analysis
import Capture
import Frames
import Imaging
import Settings

/// One camera: where its frames come from, what its pictures are like, how many are published, and who looks at them.
struct CameraAssembly: Equatable, Sendable {
  var name: String
  var source: CameraSource
  var picture: PictureOptions
  var publish: PublishSettings
  /// False where the camera is known, but not opened.
  var isEnabled: Bool
  /// Why it is not opened though it is enabled; nil where nothing holds it.
  var hold: String?
  /// What is done with its pictures.
  var plan: CameraPlan

  init(_ settings: CameraSettings) {
    name = settings.name
    source = CameraSource(settings)
    picture = PictureOptions(settings)
    publish = settings.publish
    isEnabled = settings.enabled
    hold = settings.hold
    plan = CameraPlan(settings)
  }

  /// The same with another plan: what the camera itself and its pictures depend on does not change by it.
  func with(_ plan: CameraPlan) -> CameraAssembly {
    var camera = self
    camera.plan = plan
    return camera
  }
}

extension CameraPlan {
  init(_ camera: CameraSettings) {
    self.init(analysers: camera.analysers, quality: camera.quality)
  }
}

extension PictureOptions {
  init(_ settings: CameraSettings) {
    self.init()
    quality = settings.quality
    chroma =
      switch settings.chroma {
      case .auto: nil
      case .yuv420: .yuv420
      case .yuv422: .yuv422
      }
    scale = settings.scale.map { FrameSize(width: $0.width, height: $0.height) }
    fit =
      switch settings.fit {
      case .contain: .contain
      case .cover: .cover
      case .stretch: .stretch
      }
    masks = settings.masks.map {
      Rectangle(x: $0.x, y: $0.y, width: $0.width, height: $0.height)
    }
    decodesToVerify = settings.verify == .full
  }
}

extension CameraSource {
  init(_ settings: CameraSettings) {
    let range: ColourRange? =
      switch settings.range {
      case .auto: nil
      case .limited: .limited
      case .full: .full
      }
    switch settings.source {
    case .device(let device):
      var request = DeviceRequest(device: device.device)
      request.format = device.format
      request.size = device.size.map { FrameSize(width: $0.width, height: $0.height) }
      request.rate = device.rate
      request.controls = device.controls.map {
        DeviceRequest.Control(name: $0.name, value: $0.value)
      }
      request.range = range
      request.buffers = device.buffers
      request.timeout = device.timeout
      self = .device(request)
    case .replay(let replay):
      self = .replay(
        ReplayRequest(
          path: replay.path, format: replay.format.flatMap { PixelFormat(rawValue: $0) },
          size: replay.size.map { FrameSize(width: $0.width, height: $0.height) },
          rate: replay.rate, loop: replay.loop, range: range))
    }
  }

  /// By which a camera is known again under another name.
  var place: String {
    switch self {
    case .device(let request): "device:\(request.device)"
    case .replay(let request): "replay:\(request.path)"
    }
  }

  /// What was configured, in seconds.
  var timeout: Double? {
    switch self {
    case .device(let request): request.timeout
    case .replay: nil
    }
  }
}
