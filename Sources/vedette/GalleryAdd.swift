import Agent
import ArgumentParser
import Documents
import Faces
import Gallery
import Glibc
import Paths

/// Where the face models are.
struct FaceModelsPlace: ParsableArguments {
  @Option(help: "The folder with the face models, as tools/models fills it.")
  var models = FaceModels.defaultFolder

  func reader(takesLargest: Bool = false, takesPoorOnes: Bool = false) throws -> FacePhotos {
    do {
      return try FacePhotos(
        models: models, takesLargest: takesLargest, takesPoorOnes: takesPoorOnes)
    } catch {
      ConfigurationCheck.tell("vedette gallery: \(error)")
      throw ExitCode(error.exitStatus)
    }
  }
}

extension FacesError {
  /// What a command exits with where the models cannot be loaded.
  var exitStatus: Int32 { code == .denied ? ExitStatus.noPermission : ExitStatus.unavailable }
}

/// Which photographs are taken.
struct PhotoOptions: ParsableArguments {
  @OptionGroup var place: FaceModelsPlace
  @Flag(help: "Of several faces take the largest, rather than refuse the photo.")
  var largest = false
  @Flag(help: "Take faces too that are small, blurred, clipped or turned.")
  var poor = false

  func reader() throws -> FacePhotos {
    try place.reader(takesLargest: largest, takesPoorOnes: poor)
  }
}

struct GalleryAdd: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add",
    abstract: "Adds people by photographs: JPEGs, PNGs, or folders of them.",
    discussion: """
      A photograph is of the person after whom the file is named (Ada Lovelace.jpg), or, where it lies in a \
      sub-folder, after whom that is named. Each is told what came of it; 65 where one was not added.

      Example: vedette gallery add /srv/staff
      Example: vedette gallery add --name 'Ada Lovelace' one.jpg two.jpg
      """)

  @OptionGroup var place: GalleryPlace
  @OptionGroup var photos: PhotoOptions
  @Argument(help: "JPEGs, PNGs and folders.")
  var paths: [String]
  @Option(help: "Whom all of the photographs show.")
  var name: String?
  @Flag(help: "One JSON object a line, one for each photograph.")
  var json = false

  func validate() throws {
    guard let name else { return }
    do throws(GalleryError) {
      _ = try PersonName(name)
    } catch {
      throw ValidationError("--name: \(error)")
    }
  }

  func run() throws {
    let reader = try photos.reader()
    let gallery = try place.open()
    try Self.add(paths, name: name, to: gallery, reader, json: json)
  }

  static func add(
    _ paths: [String], name: String?, to gallery: Gallery, _ reader: FacePhotos, json: Bool
  ) throws {
    let walk = PhotoWalk(paths, name: name)
    for trouble in walk.troubles { ConfigurationCheck.tell("vedette gallery: \(trouble)") }
    var tally = Tally()
    for (number, photo) in walk.photos.enumerated() {
      GalleryPlace.progress("\(number) of \(walk.photos.count) photos, \(tally.added) added")
      let outcome = try add(photo, to: gallery, reader)
      tally.count(outcome)
      if json {
        print(line(photo, outcome).line)
      } else if outcome != .added {
        GalleryPlace.endProgress()
        print("\(photo.path): not added: \(outcome.detail ?? "")")
      }
    }
    GalleryPlace.endProgress()
    if !json { print(tally.text) }
    guard tally.refused == 0, walk.troubles.isEmpty else { throw ExitCode(ExitStatus.dataError) }
    if walk.photos.isEmpty {
      ConfigurationCheck.tell("vedette gallery: no photographs (.jpg, .png) there")
      throw ExitCode(ExitStatus.noInput)
    }
  }

  /// Adds one photograph. What is wrong with it is an outcome; what is wrong with the gallery ends the command.
  private static func add(
    _ photo: PhotoWalk.Photo, to gallery: Gallery, _ reader: FacePhotos
  ) throws -> PhotoOutcome {
    let name: PersonName
    do throws(GalleryError) {
      name = try PersonName(photo.name)
    } catch {
      return .refused(.unreadable("it is named after nobody: \(error)"))
    }
    let file: [UInt8]
    do throws(FileFault) {
      file = try InputFile.read(photo.path)
    } catch {
      return .refused(.unreadable("it \(error.sentence)"))
    }
    return try GalleryPlace.attempt { () throws(GalleryError) in
      try gallery.add(
        photo: file, name: name, model: try FacePhotos.model(), read: reader.read)
    }
  }

  private static func line(_ photo: PhotoWalk.Photo, _ outcome: PhotoOutcome) -> JSON {
    .object([
      ("file", .string(photo.path)), ("name", .string(photo.name)),
      ("outcome", .string(outcome.word)), ("detail", outcome.detail.map { .string($0) } ?? .null),
    ])
  }

  private struct Tally {
    var added = 0
    var there = 0
    var refused = 0

    mutating func count(_ outcome: PhotoOutcome) {
      switch outcome {
      case .added: added += 1
      case .alreadyThere: there += 1
      case .refused: refused += 1
      }
    }

    var text: String {
      "\(added) added"
        + (there > 0 ? ", \(there) already there" : "")
        + (refused > 0 ? ", \(refused) refused" : "")
    }
  }
}

struct GalleryImport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract:
      "Adds encodings from lines of JSON, as 'export' writes them, or folders of photographs.",
    discussion: """
      A line is {"name":"Ada","model":"…","photo":"SHA-256"?,"encoding":[128 numbers]}.

      Example: vedette gallery import gallery.jsonl
      Example: vedette gallery import --replace - < gallery.jsonl
      """)

  @OptionGroup var place: GalleryPlace
  @OptionGroup var photos: PhotoOptions
  @Argument(help: "A file of lines of JSON, - for standard input, or a folder of photographs.")
  var source: String
  @Flag(
    help: "The lines become the whole gallery, all at once; nothing changes where one is wrong.")
  var replace = false
  @Option(help: "What made encodings whose lines do not say.")
  var model = FaceModels.encoderIdentity
  @Flag(help: "JSON: what was added, or, for a folder, a line for each photograph.")
  var json = false

  func run() throws {
    if PhotoWalk.isFolder(source) {
      guard !replace else {
        throw ValidationError(
          "--replace takes lines of JSON: import the folder into a new gallery, and export it")
      }
      let reader = try photos.reader()
      return try GalleryAdd.add([source], name: nil, to: place.open(), reader, json: json)
    }
    let gallery = try place.open()
    let (added, there) = try GalleryPlace.attempt { () throws(GalleryError) in
      let lines = try LineReader(source)
      let name = try ModelName(model)
      if replace {
        let count = try gallery.replaceByLines(lines, model: name, progress: Self.show)
        return (count, 0)
      }
      let count = try gallery.importLines(lines, model: name, progress: Self.show)
      return (count.added, count.alreadyThere)
    }
    GalleryPlace.endProgress()
    if json {
      print(JSON.object([("added", .integer(added)), ("already_there", .integer(there))]).line)
    } else {
      print("\(added) encodings added\(there > 0 ? ", \(there) already there" : "")")
    }
  }

  private static func show(_ lines: LineReader) -> Bool {
    let part = lines.size.map { $0 > 0 ? ", \(lines.bytesRead * 100 / $0) %" : "" } ?? ""
    GalleryPlace.progress("\(lines.lines) lines\(part)")
    return true
  }
}
