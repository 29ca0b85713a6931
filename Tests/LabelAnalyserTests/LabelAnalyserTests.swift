import Analysis
import Documents
import Foundation
import Frames
import Imaging
import Inference
import Keys
import TestModels
import Testing

@testable import LabelAnalyser

/// A camera that sees one colour after another, and a network that names it.
@Suite struct LabelAnalyserTests {
  private static let size = FrameSize(width: 64, height: 32)
  private static let red: [UInt8] = [250, 10, 10]
  private static let green: [UInt8] = [10, 250, 10]
  private static let grey: [UInt8] = [128, 128, 128]

  private struct Told {
    var number: Int
    var event: [String: Any]

    func names(_ key: String) -> [String]? { event[key] as? [String] }
    var parts: [[String: Any]]? { event["parts"] as? [[String: Any]] }
  }

  private final class Camera {
    let analyser = LabelAnalyser()
    let tools: AnalysisTools
    let models: Models
    private let pool = BytePool()
    private(set) var count = 0
    private(set) var told: [Told] = []
    private(set) var chips: [(number: Int, size: FrameSize, headers: [String: String])] = []
    private(set) var appeared = 0
    private(set) var tally: [String: Int] = [:]
    private(set) var row: [String] = []

    init(_ change: (inout LabelOptions) -> Void = { _ in }) throws {
      models = try Models()
      var options = Models.options
      change(&options)
      analyser.adopt(options, quality: 80)
      tools = try AnalysisTools(models: models.path)
    }

    /// - Parameter right: of the right half.
    func look(_ colour: [UInt8], right: [UInt8]? = nil) throws {
      let size = LabelAnalyserTests.size
      try look(
        (0..<size.width * size.height).flatMap {
          $0 % size.width < size.width / 2 ? colour : right ?? colour
        }, size)
    }

    /// A second after the last one.
    func look(_ pixels: [UInt8], _ size: FrameSize) throws {
      let frame = Frame(
        copying: [pixels], layout: FrameLayout(format: .rgb24, size: size, range: .full),
        time: FrameTime(monotonic: 0, wall: 0))
      let jpeg = try Compressor(options: PictureOptions(), pool: pool).picture(of: frame).bytes
      let number = count
      count += 1
      let picture = PublishedPicture(
        jpeg: jpeg, size: size,
        time: FrameTime(monotonic: UInt64(number + 1) * 1_000_000_000, wall: 0),
        sequence: UInt64(number))
      let report = try analyser.look(at: tools.decoded(picture), with: tools)
      appeared += report.counts["labels"] ?? 0
      tally.merge(report.tallies["labels"] ?? [:]) { $0 + $1 }
      if case .words(let words) = report.rows["recognised"] { row = words }
      for record in report.records {
        switch record.body {
        case .json(let members):
          let text = JSON.object(members).line
          let event = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
          told.append(Told(number: number, event: event ?? [:]))
        case .jpeg(let bytes, let size):
          let decoded = try bytes.withSpan { try JPEGDecoder().rgb(of: $0) }
          #expect(decoded.size == size)
          chips.append((number, size, Dictionary(record.headers) { $1 }))
        }
      }
    }
  }

  @Test func `A class is told of once, when it has been there for some pictures`() throws {
    let camera = try Camera()
    for _ in 0..<6 { try camera.look(Self.red) }
    #expect(camera.told.map(\.number) == [2])
    let told = try #require(camera.told.first)
    #expect(told.names("appeared") == ["red"])
    #expect(told.names("present") == ["red"])
    #expect(told.event["model"] as? String == "colours")
    let labels = try #require(told.parts?.first?["labels"] as? [[String: Any]])
    #expect(labels.count == 1)
    #expect(labels[0]["class"] as? String == "red")
    #expect(try #require(labels[0]["confidence"] as? Double) > 0.9)
    #expect(told.parts?.first?["box"] as? [Int] == [0, 0, 64, 32])
    #expect(camera.appeared == 1)
    #expect(camera.row.first?.hasPrefix("red ") == true)
  }

  @Test func `Its end is told, and what is seen or missed once is not`() throws {
    let camera = try Camera()
    for _ in 0..<3 { try camera.look(Self.red) }
    try camera.look(Self.green)
    for _ in 0..<3 { try camera.look(Self.red) }
    #expect(camera.told.map(\.number) == [2])
    for _ in 0..<3 { try camera.look(Self.green) }
    #expect(camera.told.map(\.number) == [2, 9])
    #expect(camera.told.last?.names("appeared") == ["green"])
    #expect(camera.told.last?.names("disappeared") == ["red"])
  }

  @Test func `Nothing is said below the confidence`() throws {
    let camera = try Camera()
    for _ in 0..<6 { try camera.look(Self.grey) }
    #expect(camera.told.isEmpty)
    #expect(camera.row == ["nothing recognised"])
  }

  @Test func `Other classes than those asked for are not told of`() throws {
    let camera = try Camera { $0.only = ["green"] }
    for _ in 0..<4 { try camera.look(Self.red) }
    for _ in 0..<4 { try camera.look(Self.green) }
    #expect(camera.told.map { $0.names("appeared") } == [["green"]])
  }

  @Test func `A class that there is not is an error with the nearest`() throws {
    let camera = try Camera { $0.only = ["gren"] }
    let fault = try #require(throws: AnalyserFault.self) { try camera.look(Self.red) }
    #expect(fault.kind == .lasting)
    #expect(fault.description.contains("did you mean \"green\"?"))
  }

  @Test func `Each region is told of by itself`() throws {
    let camera = try Camera {
      $0.what = .regions
      $0.regions = [
        KeyArea(x: 0, y: 0, width: 32, height: 32), KeyArea(x: 32, y: 0, width: 32, height: 32),
      ]
    }
    for _ in 0..<3 { try camera.look(Self.red, right: Self.green) }
    #expect(camera.told.map { $0.event["region"] as? Int } == [0, 1])
    #expect(camera.told.map { $0.names("appeared") } == [["red"], ["green"]])
  }

  /// A grey room, with a green square of 64 pixels at this place.
  private static func room(_ square: (x: Int, y: Int)?) -> [UInt8] {
    var pixels: [UInt8] = []
    for index in 0..<room.width * room.height {
      let level = 100 + index / 40 % 8 * 5
      for _ in 0..<3 { pixels.append(UInt8(level)) }
    }
    guard let square else { return pixels }
    for row in square.y..<square.y + 64 {
      for column in square.x..<square.x + 64 {
        for (channel, value) in green.enumerated() {
          pixels[(row * room.width + column) * 3 + channel] = value
        }
      }
    }
    return pixels
  }

  private static let room = FrameSize(width: 320, height: 200)

  @Test func `What moves is told of with its box, and not what stands around it`() throws {
    let camera = try Camera {
      $0.what = .motion
      $0.hold = 1
      $0.chips = true
    }
    for _ in 0..<8 { try camera.look(Self.room(nil), Self.room) }
    #expect(camera.told.isEmpty && camera.row == ["nothing moves"])
    try camera.look(Self.room((200, 80)), Self.room)
    #expect(camera.told.map { $0.names("appeared") } == [["green"]])
    let box = try #require(camera.told.first?.parts?.first?["box"] as? [Int])
    #expect(box[0] <= 200 && box[1] <= 80 && box[0] + box[2] >= 264 && box[1] + box[3] >= 144)
    #expect(box[2] < 130 && box[2] == box[3], "\(box)")
    #expect(camera.chips.count == 1)
    for _ in 0..<3 { try camera.look(Self.room(nil), Self.room) }
    #expect(camera.told.last?.names("disappeared") == ["green"])
    #expect(camera.told.last?.names("present") == [])
  }

  @Test func `What was named is sent as a chip`() throws {
    let camera = try Camera { $0.chips = true }
    for _ in 0..<5 { try camera.look(Self.red) }
    #expect(camera.chips.map(\.size) == [FrameSize(width: 224, height: 224)])
    #expect(camera.chips.first?.headers["ce_label"] == "red")
    #expect(camera.chips.first?.headers["ce_box"] == "[0,0,64,32]")
  }

  @Test func `Of one picture no more chips are sent than are allowed`() throws {
    let camera = try Camera {
      $0.what = .regions
      $0.regions = (0..<4).map { KeyArea(x: $0 * 16, y: 0, width: 16, height: 32) }
      $0.chips = true
      $0.maxChips = 2
    }
    for _ in 0..<4 { try camera.look(Self.red) }
    #expect(camera.told.count == 4)
    #expect(camera.chips.map(\.number) == [2, 2])
  }

  @Test func `Times that a class appeared are counted by its name`() throws {
    let camera = try Camera { $0.hold = 1 }
    for colour in [Self.red, Self.green, Self.red, Self.red] { try camera.look(colour) }
    #expect(camera.tally == ["red": 2, "green": 1])
    #expect(camera.appeared == 3)
  }

  @Test func `A region outside of the picture is told, and the next picture may do better`() throws
  {
    let camera = try Camera {
      $0.what = .regions
      $0.regions = [KeyArea(x: 64, y: 0, width: 10, height: 10)]
    }
    let fault = try #require(throws: AnalyserFault.self) { try camera.look(Self.red) }
    #expect(fault.kind == .passing)
    #expect(fault.description.contains("10x10+64+0 is not within the picture of 64x32"))
  }

  @Test func `Regions that are not there are told, and so is it by a check`() throws {
    let camera = try Camera { $0.what = .regions }
    let fault = try #require(throws: AnalyserFault.self) { try camera.look(Self.red) }
    #expect(fault.kind == .lasting)
    var options = Models.options
    options.what = .regions
    let said = LabelAnalyser.complaints(options, models: camera.models.path)
    #expect(said == [fault.description])
  }

  @Test func `A check reads the list of classes, and not the network`() throws {
    let models = try Models()
    var options = Models.options
    #expect(LabelAnalyser.complaints(options, models: models.path).isEmpty)
    options.only = ["bleu"]
    let said = LabelAnalyser.complaints(options, models: models.path)
    #expect(said.count == 1 && said[0].contains("did you mean \"blue\"?"), "\(said)")
    try models.write("colours.yaml", "classes: none.txt\n")
    #expect(LabelAnalyser.complaints(options, models: models.path)[0].contains("none.txt"))
    options.model = "none.onnx"
    #expect(LabelAnalyser.complaints(options, models: models.path).isEmpty)
  }

  @Test(arguments: ["", "not a network", "\u{8}\u{7}\u{3A}\u{2}"])
  func `A model that is damaged lasts, and is named`(content: String) throws {
    let camera = try Camera()
    try camera.models.write("colours.onnx", content)
    let fault = try #require(throws: AnalyserFault.self) { try camera.look(Self.red) }
    #expect(fault.kind == .lasting)
    #expect(fault.description.contains("\(camera.models.path)/colours.onnx"))
    // Where it is mended, it is taken.
    try camera.models.writeNetwork()
    for _ in 0..<3 { try camera.look(Self.red) }
    #expect(camera.told.count == 1)
  }

  @Test func `A thread keeps its last networks, and the one that was not wanted for longest goes`()
    throws
  {
    let (models, networks) = (try Models(), Networks())
    let paths = try (0..<5).map { number in
      for ending in ["onnx", "yaml"] {
        try FileManager.default.copyItem(
          atPath: "\(models.path)/colours.\(ending)", toPath: "\(models.path)/\(number).\(ending)")
      }
      return "\(models.path)/\(number).onnx"
    }
    let first = try paths.prefix(4).map { try networks.network($0) }
    #expect(try networks.network(paths[0]) === first[0])
    _ = try networks.network(paths[4])
    #expect(try networks.network(paths[0]) === first[0])
    #expect(try networks.network(paths[1]) !== first[1])
  }

  @Test func `A model that is missing lasts, with what fetches it`() throws {
    let camera = try Camera { $0.model = "none.onnx" }
    let fault = try #require(throws: AnalyserFault.self) { try camera.look(Self.red) }
    #expect(fault.kind == .lasting)
    #expect(fault.description.contains("tools/models --labels"))
  }
}

/// A folder with a network that tells apart red, green and blue.
final class Models {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("vedette-labels-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try writeNetwork()
    try write("colours.yaml", "classes: colours.txt\nmean: [0, 0, 0]\nscale: [255, 255, 255]\n")
    try write("colours.txt", "red\ngreen\nblue\n")
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  static var options: LabelOptions {
    var options = LabelOptions()
    options.model = "colours.onnx"
    options.confidence = 0.5
    return options
  }

  func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
  }

  func writeNetwork() throws {
    try Data(ModelMaker.colours.bytes).write(to: URL(fileURLWithPath: "\(path)/colours.onnx"))
  }
}
