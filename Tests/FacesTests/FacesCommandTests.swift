import Faces
import Foundation
import Frames
import Imaging
import Testing

/// `vedette faces`, run as a user would.
@Suite(.enabled(if: Portraits.areThere, "the package registry cannot be reached"))
struct FacesCommandTests {
  private let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "vedette-faces-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  private struct Outcome {
    var status: Int32
    var lines: [[String: Any]]
    var text: String
    var errors: String
  }

  private func faces(_ arguments: [String]) throws -> Outcome {
    var program = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    while program.path != "/",
      !FileManager.default.isExecutableFile(atPath: program.path + "/vedette")
    {
      program.deleteLastPathComponent()
    }
    let process = Process()
    process.executableURL = program.appendingPathComponent("vedette")
    process.arguments = ["faces"] + arguments
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let lines =
      try arguments.contains("--json")
      ? text.split(separator: "\n").map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
      } : []
    return Outcome(status: process.terminationStatus, lines: lines, text: text, errors: said)
  }

  private func decode(_ path: String) throws -> UprightPicture {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    return try JPEGDecoder().upright(of: unsafe bytes.span.bytes)
  }

  @Test func `Boxes and all digits of the numbers are printed, and the picture is annotated`()
    throws
  {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let portraits = try #require(Portraits.folder)
    let models = try #require(Portraits.models).folder
    let annotated = "\(folder)/out.jpg"
    let outcome = try faces([
      "--json", "--encode", "--models", models, "-o", annotated, "--chips", "\(folder)/chips",
      "--remove-background", "\(portraits)/obama.jpg",
    ])
    #expect(outcome.status == 0)
    let line = try #require(outcome.lines.first)
    #expect(line["file"] as? String == "\(portraits)/obama.jpg")
    #expect(line["width"] as? Int == 910 && line["height"] as? Int == 1137)
    let face = try #require((line["faces"] as? [[String: Any]])?.first)
    let box = try #require(face["box"] as? [Int])
    #expect(box.count == 4)
    let numbers = try #require(face["encoding"] as? [Double])
    #expect(numbers.count == 128)

    // The same as the rooms give, to a Float's last digit.
    let decoded = try decode("\(portraits)/obama.jpg")
    var settings = FaceSettings()
    settings.detector.upsampling = 1
    let luma = decoded.luma
    let found = try FaceEngine(models: FaceModels(folder: models)).analyse(
      luma: unsafe luma.span.bytes, PixelLayout(.luma, size: decoded.size), settings: settings,
      colour: { _ in
        FacePatch(pixels: decoded.rgb, layout: PixelLayout(.rgb, size: decoded.size))
      }
    ).faces
    #expect(numbers.map { Float($0) } == found.first?.encoding)

    // The box is drawn where the line says, in the colour of boxes.
    let drawn = try decode(annotated)
    #expect(drawn.size == decoded.size)
    let at = ((box[1] + box[3] / 2) * 910 + box[0] + 2) * 3
    #expect(drawn.rgb[at + 1] > 150 && drawn.rgb[at] < 110)
    let chip = try decode("\(folder)/chips/obama-1.jpg")
    #expect(chip.size == FrameSize(width: 224, height: 224))
    #expect(chip.rgb[..<3].allSatisfy { $0 < 12 })
    #expect(chip.rgb[(112 * 224 + 112) * 3] > 60)
  }

  @Test func `What is no picture is told, and the others are gone through`() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let portraits = try #require(Portraits.folder)
    let broken = "\(folder)/broken.jpg"
    try Data(try Portraits.jpeg("obama.jpg")[..<20_000]).write(to: URL(fileURLWithPath: broken))
    let outcome = try faces([
      "--json", "--upsample", "0", "/etc/passwd", "/nonexistent.jpg", broken,
      "\(portraits)/obama.jpg",
    ])
    #expect(outcome.status == 65)
    #expect(outcome.lines.count == 4)
    #expect(outcome.lines.map { $0["error"] != nil } == [true, true, true, false])
    #expect((outcome.lines.last?["faces"] as? [Any])?.count == 1)
    for path in ["/etc/passwd", "/nonexistent.jpg", broken] {
      #expect(outcome.errors.contains("vedette faces: \(path): "))
    }
  }

  @Test func `A photograph without a face has none, turned ones have theirs upright`() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    // The portrait lying on its side, with the note that it is to be turned.
    let image = try Portraits.picture("obama.jpg", longestSide: 600)
    var lying = TestImage(width: image.height, height: image.width, rgb: image.rgb)
    for y in 0..<lying.height {
      for x in 0..<lying.width {
        for c in 0..<3 {
          // Anticlockwise by a quarter: EXIF 6 turns it back.
          lying.rgb[(y * lying.width + x) * 3 + c] =
            image.rgb[(x * image.width + image.width - 1 - y) * 3 + c]
        }
      }
    }
    let encoder = try JPEGEncoder(pool: BytePool())
    let planes = try PlanarPicture(rgb: lying.rgb, size: lying.size)
    let bytes = try encoder.encode(planes, chroma: .yuv422, quality: 90)
    let jpeg = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
    let exif: [UInt8] =
      Array("Exif\0\0MM\0*\0\0\0\u{8}\0\u{1}".utf8) + [1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0]
      + [0, 0, 0, 0]
    let turned = jpeg[..<2] + [0xFF, 0xE1, 0, UInt8(exif.count + 2)] + exif + jpeg[2...]
    try Data(jpeg).write(to: URL(fileURLWithPath: "\(folder)/a.jpg"))
    try Data(turned).write(to: URL(fileURLWithPath: "\(folder)/b.jpg"))
    let outcome = try faces(["--json", "--upsample", "0", folder])
    #expect(outcome.status == 0)
    #expect(outcome.lines.map { ($0["faces"] as? [Any])?.count } == [0, 1])
    #expect(outcome.lines.map { $0["width"] as? Int } == [lying.width, image.width])
  }

  @Test func `A missing model is told with what fetches it`() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let portraits = try #require(Portraits.folder)
    for arguments in [["--encode"], ["--detector", "cnn"]] {
      let outcome = try faces(arguments + ["--models", folder, "\(portraits)/obama.jpg"])
      #expect(outcome.status == 69)
      #expect(outcome.errors.contains("run 'tools/models --to \(folder)'"))
      #expect(outcome.text.isEmpty)
    }
  }
}
