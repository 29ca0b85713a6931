import Agent
import ArgumentParser
import Documents
import FaceAnalyser
import Faces
import Gallery
import Glibc
import Paths

struct GallerySearch: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search",
    abstract: "Tells whose faces photographs show, or whose encodings lines of JSON hold.",
    discussion: "Example: vedette gallery search visitor.jpg --threshold 0.5")

  @OptionGroup var place: GalleryPlace
  @OptionGroup var models: FaceModelsPlace
  @Argument(help: "JPEGs, PNGs, or files of lines of JSON that end in .jsonl.")
  var files: [String]
  @Option(help: "nearest or regression.")
  var method = MatchMethod.nearest
  @Option(help: "How far a face may be from somebody's nearest encoding.")
  var threshold = MatchSettings().threshold
  @Option(help: "How likely the regression must find somebody.")
  var probability = MatchSettings().probability
  @Option(help: "How much farther the next person must be.")
  var margin = MatchSettings().margin
  @Flag(help: "One JSON object a line, one for each photograph or encoding.")
  var json = false

  func run() throws {
    let gallery = try place.openExisting(isLoaded: true)
    var settings = MatchSettings()
    settings.method = method
    settings.threshold = threshold
    settings.probability = probability
    settings.margin = margin
    try GalleryPlace.attempt { () throws(GalleryError) in try settings.check() }
    let snapshot = try GalleryPlace.attempt { () throws(GalleryError) in try gallery.snapshot() }
    if method == .regression, snapshot.classifier == nil {
      ConfigurationCheck.tell(
        "vedette gallery: no classifier is trained, so nearness decides; see 'vedette gallery train'"
      )
    }
    var reader: FacePhotos?
    var isSound = true
    for file in files {
      if file.hasSuffix(".jsonl") {
        try searchLines(file, snapshot, settings)
      } else {
        let reading = try reader ?? models.reader()
        reader = reading
        if try !searchPhoto(file, reading, snapshot, settings) { isSound = false }
      }
    }
    if !isSound { throw ExitCode(ExitStatus.dataError) }
  }

  private func searchLines(
    _ file: String, _ snapshot: GallerySnapshot, _ settings: MatchSettings
  ) throws {
    try GalleryPlace.attempt { () throws(GalleryError) in
      let lines = try LineReader(file)
      while let line = try lines.next() {
        if line.isEmpty { continue }
        let entry = try EntryLine.parse(line, model: FacePhotos.model())
        for identity in snapshot.match([entry.encoding], model: entry.model, settings: settings) {
          if json {
            print(
              JSON.object(
                [
                  ("file", .string(file)), ("line", .integer(lines.lines)),
                  ("name", .string(entry.name.text)),
                ] + Self.members(identity)
              ).line)
          } else {
            print("\(file):\(lines.lines) (\(entry.name)): \(Self.sentence(identity))")
          }
        }
      }
    }
  }

  /// False where the file is no picture.
  private func searchPhoto(
    _ file: String, _ reader: FacePhotos, _ snapshot: GallerySnapshot, _ settings: MatchSettings
  ) throws -> Bool {
    let bytes: [UInt8]
    do throws(FileFault) {
      bytes = try InputFile.read(file)
    } catch {
      return refuse(file, "it \(error.sentence)")
    }
    let faces: [FacePhotos.Face]
    do {
      faces = try reader.faces(in: bytes, encodesPoorOnes: true)
    } catch {
      return refuse(file, "\(error)")
    }
    let model = try FacePhotos.model()
    let named = faces.map { face -> (face: FacePhotos.Face, identity: Identity?) in
      guard let numbers = face.encoding, let encoding = try? Encoding(numbers) else {
        return (face, nil)
      }
      return (face, snapshot.match([encoding], model: model, settings: settings).first)
    }
    if json {
      print(
        JSON.object([
          ("file", .string(file)),
          ("faces", .array(named.map { Self.object($0.face, $0.identity) })),
        ]).line)
    } else if named.isEmpty {
      print("\(file): no face was found")
    }
    for (face, identity) in named where !json {
      let poor = face.quality?.failed.map(\.rawValue).joined(separator: ", ") ?? ""
      let place = "\(Int(face.box.width)) pixels at \(Int(face.box.x)),\(Int(face.box.y))"
      print(
        "\(file): \(identity.map { Self.sentence($0) } ?? "Unknown") (\(place)\(poor.isEmpty ? "" : ", \(poor)"))"
      )
    }
    return true
  }

  private func refuse(_ file: String, _ why: String) -> Bool {
    if json {
      print(
        JSON.object([("file", .string(file)), ("faces", .array([])), ("error", .string(why))]).line)
    } else {
      ConfigurationCheck.tell("vedette gallery: \(file): \(why)")
    }
    return false
  }

  private static func object(_ face: FacePhotos.Face, _ identity: Identity?) -> JSON {
    let box = [face.box.x, face.box.y, face.box.width, face.box.height]
    return .object(
      [
        ("box", .array(box.map { .rounded($0) })),
        ("poor", .array((face.quality?.failed ?? []).map { .string($0.rawValue) })),
      ] + (identity.map { members($0) } ?? [("label", .null)]))
  }

  private static func members(_ identity: Identity) -> [(String, JSON)] {
    [("label", identity.name.map { .string($0.text) } ?? .null)] + identity.members
  }

  private static func sentence(_ identity: Identity) -> String {
    guard let nearest = identity.nearest else { return "Unknown: the gallery is empty" }
    let next = identity.runnerUp.map { ", then \($0.name) at \(thousandths($0.distance))" } ?? ""
    let chance =
      identity.probability.map {
        ", likeliest \(identity.likeliest?.text ?? "") at \(Int(($0 * 100).rounded())) %"
      } ?? ""
    return "\(identity.name?.text ?? "Unknown"): nearest \(nearest.name) at "
      + thousandths(nearest.distance) + next + chance
  }

  private static func thousandths(_ number: Double) -> String {
    let digits = String(Int((number * 1000).rounded()))
    let padded = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    return "\(padded.dropLast(3)).\(padded.suffix(3))"
  }
}

extension MatchMethod: ExpressibleByArgument {}
