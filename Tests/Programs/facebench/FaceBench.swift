import ArgumentParser
import CPosix
import Faces
import Frames
import Glibc
import Imaging

/// Measures finding and encoding faces against plain dlib, on the same pixels in turn. One JSON object a case.
@main
struct FaceBench: ParsableCommand {
  private static let savedOf = 5

  @Argument(help: "JPEGs.") var images: [String]
  @Option var models: String
  @Option(help: "Goes over all pictures; the median of each counts.") var runs = 5
  @Option(help: "Pictures of the video.") var frames = 300
  @Option(
    help:
      "A folder for the pictures at 640x480 as PPM, for other programs to measure on; every fifth of the videos."
  )
  var save: String?

  func run() throws {
    let stills = try images.map { try Self.load($0).fitted(Clip.size) }
    if let save { try stills.enumerated().forEach { try write($1, "\(save)/\($0).ppm") } }
    guard let peer = Peer(models: models) else {
      throw ValidationError("\(models) lacks a model: run tools/models --to \(models)")
    }
    for upsampling in 0...1 { try detection(stills, peer, upsampling) }
    try encoding(stills, peer)
    for still in [0, 70] { try video(stills, peer, still) }
  }

  private func detection(_ stills: [Still], _ peer: Peer, _ upsampling: Int) throws {
    var options = DetectorOptions()
    options.upsampling = upsampling
    let detector = try FaceDetector(options)
    var ours: [Double] = []
    var theirs: [Double] = []
    var counts = (ours: 0, theirs: 0, same: 0)
    for still in stills {
      let luma = still.luma
      var found: [FoundFace] = []
      var expected: [Peer.Face] = []
      let times = try turns(
        {
          found = try detector.faces(
            in: unsafe luma.span.bytes, PixelLayout(.luma, size: still.size))
        }, { expected = peer.detect(still, upsampling: upsampling) })
      ours.append(times.ours)
      theirs.append(times.theirs)
      counts.ours += found.count
      counts.theirs += expected.count
      counts.same += expected.count { one in found.contains { $0.box.overlap(one.box) > 0.5 } }
    }
    report(
      "hog 640x480\(upsampling > 0 ? " upsampled" : "")", mean(ours), mean(theirs),
      "\"faces\":\(counts.ours),\"peer_faces\":\(counts.theirs),\"faces_of_both\":\(counts.same)")
  }

  private func encoding(_ stills: [Still], _ peer: Peer) throws {
    let encoder = try FaceEncoder(models: FaceModels(folder: models))
    var ours: [Double] = []
    var theirs: [Double] = []
    var worst = 0.0
    for still in stills {
      let patch = FacePatch(pixels: still.rgb, layout: PixelLayout(.rgb, size: still.size))
      for face in peer.detect(still, upsampling: 1) {
        var one: [Float] = []
        var other: [Float] = []
        let times = try turns(
          {
            let landmarks = try encoder.landmarks(of: face.box, in: patch)
            one = try encoder.encoding(of: try FaceEncoder.chip(landmarks, in: patch))
          }, { other = peer.encode(still, face) })
        ours.append(times.ours)
        theirs.append(times.theirs)
        worst = max(worst, euclideanDistance(one, other))
      }
    }
    report("encode a face", mean(ours), mean(theirs), "\"distance_max\":\(worst)")
  }

  /// The agent follows faces between searches; the peer searches every picture.
  private func video(_ stills: [Still], _ peer: Peer, _ stillOfHundred: Int) throws {
    // Faces that are large enough for a search without upsampling.
    let actors = stills.compactMap { still -> Clip.Actor? in
      guard let face = peer.detect(still, upsampling: 0).first else { return nil }
      let scale = min(1, 110 / face.box.width)
      let size = FrameSize(
        width: Int(Double(still.size.width) * scale), height: Int(Double(still.size.height) * scale)
      )
      var small = Still(
        size: size, rgb: [UInt8](repeating: 0, count: size.width * size.height * 3))
      small.paste(still, x: 0, y: 0, scale: scale)
      return Clip.Actor(portrait: small, face: face.box.scaled(by: scale))
    }
    guard actors.count >= 2, let background = stills.last else { return }
    let clip = Clip(
      actors: Array(actors.prefix(2)), background: background.upsideDown,
      stillOfHundred: stillOfHundred)
    let engine = FaceEngine(models: FaceModels(folder: models))
    let camera = FaceCamera()
    var settings = FaceSettings()
    settings.encodes = false
    try engine.prepare(settings)
    var noise = Noise()
    var (ours, theirs) = (0.0, 0.0)
    var counts = (all: 0, ours: 0, theirs: 0, extra: 0)
    var tracks = Set<Int>()
    for index in 0..<frames {
      let (still, truth) = clip.frame(index, noise: &noise)
      if let save, index % Self.savedOf == 0 {
        let boxes = truth.map { "\(Int($0.x))-\(Int($0.y))-\(Int($0.width))-\(Int($0.height))" }
        try write(
          still, "\(save)/video.\(stillOfHundred).\(index).\(boxes.joined(separator: ".")).ppm")
      }
      let luma = still.luma
      var start = Self.now()
      let found = try engine.analyse(
        luma: unsafe luma.span.bytes, PixelLayout(.luma, size: still.size), camera: camera,
        settings: settings
      ).faces
      ours += Self.now() - start
      start = Self.now()
      let expected = peer.detect(still, upsampling: 0)
      theirs += Self.now() - start
      counts.all += truth.count
      counts.ours += truth.count { face in found.contains { $0.box.overlap(face) > 0.5 } }
      counts.theirs += truth.count { face in expected.contains { $0.box.overlap(face) > 0.5 } }
      counts.extra += found.count { face in !truth.contains { $0.overlap(face.box) > 0.5 } }
      tracks.formUnion(found.compactMap(\.track))
    }
    let all = Double(counts.all)
    report(
      "video 640x480, \(stillOfHundred) % still", ours / Double(frames), theirs / Double(frames),
      "\"recall\":\(Double(counts.ours) / all),\"peer_recall\":\(Double(counts.theirs) / all),"
        + "\"beside\":\(counts.extra),\"tracks\":\(tracks.count)")
  }

  /// Medians in milliseconds, in turn so that both see the same of what else the machine does.
  private func turns(
    _ ours: () throws -> Void, _ theirs: () throws -> Void
  ) throws -> (ours: Double, theirs: Double) {
    var times: (ours: [Double], theirs: [Double]) = ([], [])
    for _ in 0..<runs {
      let start = Self.now()
      try ours()
      let middle = Self.now()
      try theirs()
      times.ours.append(middle - start)
      times.theirs.append(Self.now() - middle)
    }
    return (times.ours.sorted()[runs / 2], times.theirs.sorted()[runs / 2])
  }

  private func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }

  private func report(_ name: String, _ ours: Double, _ theirs: Double, _ more: String) {
    print(
      "{\"bench\":\"faces\",\"case\":\"\(name)\",\"unit\":\"ms\",\"ours\":\(ours),\"peer\":\(theirs),"
        + "\"peer_name\":\"dlib\",\"ratio\":\(ours / theirs),\"runs\":\(runs),\(more),"
        + "\"code\":\"\(FaceDetector.variant)\"}")
  }

  private static func load(_ path: String) throws -> Still {
    let descriptor = unsafe vp_open(path, O_RDONLY)
    guard descriptor >= 0 else { throw ValidationError("\(path) cannot be opened") }
    defer { _ = close(descriptor) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = unsafe block.withUnsafeMutableBytes {
        unsafe read(descriptor, $0.baseAddress, $0.count)
      }
      guard count > 0 else { break }
      bytes += block[..<count]
    }
    let picture = try JPEGDecoder().upright(of: unsafe bytes.span.bytes)
    return Still(size: picture.size, rgb: picture.rgb)
  }

  private func write(_ still: Still, _ path: String) throws {
    let descriptor = unsafe vp_open_mode(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    guard descriptor >= 0 else { throw ValidationError("\(path) cannot be written") }
    defer { _ = close(descriptor) }
    let bytes = Array("P6\n\(still.size.width) \(still.size.height)\n255\n".utf8) + still.rgb
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      guard count > 0 else { throw ValidationError("\(path) cannot be written") }
      rest = rest.dropFirst(count)
    }
  }

  /// Processor time of this thread in milliseconds: what else runs counts less.
  private static func now() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1000 + Double(time.tv_nsec) / 1e6
  }
}
