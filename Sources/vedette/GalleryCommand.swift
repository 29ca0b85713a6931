import Agent
import ArgumentParser
import CPosix
import Documents
import Gallery
import Glibc
import Paths

/// Looks after the people whom the agent knows.
struct GalleryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gallery",
    abstract:
      "The people whom the agent knows: status, list, add, remove, search, train, export, import.",
    discussion: "Example: vedette gallery add /srv/staff",
    subcommands: [
      GalleryStatus.self, GalleryList.self, GalleryAdd.self, GalleryRemove.self, GallerySearch.self,
      GalleryTrain.self, GalleryExport.self, GalleryImport.self,
    ])
}

/// Which gallery.
struct GalleryPlace: ParsableArguments {
  @Option(help: "The gallery's file.")
  var gallery = Gallery.defaultPath

  /// Opens it for those who only look: it must be there.
  func openExisting(isLoaded: Bool = false) throws -> Gallery {
    guard unsafe vp_access(gallery, F_OK) == 0 else {
      let fault = FileFault.last
      guard fault.isMissing else { throw denied(fault) }
      ConfigurationCheck.tell(
        "vedette gallery: there is no gallery \(gallery); name it with --gallery, or make one with 'vedette gallery add'"
      )
      throw ExitCode(ExitStatus.noInput)
    }
    guard unsafe vp_access(gallery, R_OK) == 0 else { throw denied(.last) }
    return try open(isLoaded: isLoaded)
  }

  /// It may be there, but this user may not look.
  private func denied(_ fault: FileFault) -> ExitCode {
    ConfigurationCheck.tell(
      "vedette gallery: \(gallery) cannot be opened: \(fault); run this as root or as the agent's user"
    )
    return ExitCode(fault.exitStatus)
  }

  /// Opens it, made where it is not there.
  func open(isLoaded: Bool = false) throws -> Gallery {
    try Self.attempt { () throws(GalleryError) in try Gallery(gallery, isLoaded: isLoaded) }
  }

  /// Calls `body`, and turns what it throws into a sentence and an exit code.
  static func attempt<Result>(_ body: () throws(GalleryError) -> Result) throws -> Result {
    do throws(GalleryError) {
      return try body()
    } catch {
      ConfigurationCheck.tell("vedette gallery: \(error)")
      switch error.code {
      case .disk: throw ExitCode(ExitStatus.cannotCreate)
      case .denied: throw ExitCode(ExitStatus.noPermission)
      case .busy, .cancelled: throw ExitCode(ExitStatus.unavailable)
      case .notFound: throw ExitCode(ExitStatus.noInput)
      default: throw ExitCode(ExitStatus.dataError)
      }
    }
  }

  /// Shows how far long work is, on a terminal.
  static func progress(_ text: @autoclosure () -> String) {
    guard isatty(2) == 1 else { return }
    unsafe vp_say(1, "\r\u{1B}[K" + text())
  }

  /// Takes the progress away.
  static func endProgress() { progress("") }
}

struct GalleryStatus: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Tells the gallery's version and hash, how many people it has, and the classifier.",
    discussion: "Example: vedette gallery status --json")

  @OptionGroup var place: GalleryPlace
  @Flag(help: "One JSON object.")
  var json = false

  func run() throws {
    let gallery = try place.openExisting()
    let (summary, training) = try GalleryPlace.attempt { () throws(GalleryError) in
      (try gallery.summary(), try gallery.training())
    }
    if json {
      print(
        JSON.object([
          ("version", .integer(Int(clamping: summary.version))),
          ("hash", .string(summary.hash.description)),
          ("people", .integer(summary.people)), ("encodings", .integer(summary.encodings)),
          ("photos", .integer(summary.photos)),
          ("models", .array(summary.models.map { .string($0) })),
          ("classifier", training.map { GalleryTrain.json($0) } ?? .null),
        ]).line)
      return
    }
    print("\(place.gallery): version \(summary.version), hash \(summary.hash)")
    print(
      "  \(summary.people) people, \(summary.encodings) encodings, \(summary.photos) photos"
        + (summary.models.isEmpty ? "" : " by \(summary.models.joined(separator: ", "))"))
    if let training {
      let age = training.hash == summary.hash ? "" : ", which has changed since"
      print("  classifier: \(GalleryTrain.sentence(training))\(age)")
    }
  }
}

struct GalleryList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists the people, with how many encodings and photos each has.",
    discussion: "Example: vedette gallery list --json")

  @OptionGroup var place: GalleryPlace
  @Flag(help: "One JSON object a line, one for each person.")
  var json = false

  func run() throws {
    let gallery = try place.openExisting()
    let people = try GalleryPlace.attempt { () throws(GalleryError) in try gallery.people() }
    for person in people {
      if json {
        print(
          JSON.object([
            ("name", .string(person.name.text)), ("encodings", .integer(person.encodings)),
            ("photos", .integer(person.photos)),
          ]).line)
      } else {
        print("\(person.name): \(person.encodings) encodings, \(person.photos) photos")
      }
    }
  }
}

struct GalleryRemove: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove",
    abstract: "Removes people, or what came of one photo; 66 where somebody is not there.",
    discussion: "Example: vedette gallery remove 'Ada Lovelace'")

  @OptionGroup var place: GalleryPlace
  @Argument(help: "The people's names.")
  var names: [String] = []
  @Option(help: "The photo's file, or its SHA-256.")
  var photo: [String] = []

  func validate() throws {
    guard !names.isEmpty || !photo.isEmpty else {
      throw ValidationError("name people, or photos with --photo")
    }
  }

  func run() throws {
    let photos = try photo.map { text in
      if let digest = Digest(hex: text) { return digest }
      do throws(FileFault) {
        return Digest(of: try InputFile.read(text))
      } catch {
        ConfigurationCheck.tell(
          "vedette gallery: \(text) is no SHA-256 and \(error.sentence)")
        throw ExitCode(error.exitStatus)
      }
    }
    let gallery = try place.openExisting()
    let missing = try GalleryPlace.attempt { () throws(GalleryError) in
      try gallery.transaction { edit throws(GalleryError) in
        var missing: [String] = []
        for text in names where try edit.remove(PersonName(text)) == 0 { missing.append(text) }
        for digest in photos where try edit.remove(photo: digest) == 0 {
          missing.append(digest.description)
        }
        return missing
      }
    }
    for text in missing {
      ConfigurationCheck.tell("vedette gallery: \(text) is not in the gallery")
    }
    print("\(names.count + photos.count - missing.count) removed")
    if !missing.isEmpty { throw ExitCode(ExitStatus.noInput) }
  }
}

struct GalleryExport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes every encoding as a line of JSON, by name: what 'import' reads.",
    discussion: "Example: vedette gallery export > gallery.jsonl")

  @OptionGroup var place: GalleryPlace
  @Argument(help: "The file to write to; default: standard output.")
  var file: String?

  func run() throws {
    let gallery = try place.openExisting()
    let output: OutputFile
    do throws(FileFault) {
      output = try OutputFile(file)
    } catch {
      ConfigurationCheck.tell(
        "vedette gallery: \(file ?? "the export") cannot be written: \(error)")
      throw ExitCode(ExitStatus.cannotCreate)
    }
    var lines: [UInt8] = []
    var count = 0
    try GalleryPlace.attempt { () throws(GalleryError) in
      func write() throws(GalleryError) {
        do throws(FileFault) {
          try output.write(lines)
        } catch {
          throw GalleryError(.disk, "the export was not written whole: \(error)")
        }
        lines = []
      }
      try gallery.forEachEntry { entry throws(GalleryError) in
        lines += EntryLine.text(entry).utf8
        lines.append(UInt8(ascii: "\n"))
        count += 1
        guard count % 200 == 0 else { return true }
        GalleryPlace.progress("\(count) encodings")
        try write()
        return true
      }
      try write()
    }
    GalleryPlace.endProgress()
    if let file { print("\(count) encodings in \(file)") }
  }
}
