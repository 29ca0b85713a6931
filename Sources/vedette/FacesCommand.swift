import Agent
import ArgumentParser
import CPosix
import Documents
import Faces
import Frames
import Gallery
import Glibc
import Imaging

/// Finds faces in photographs.
struct FacesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "faces",
    abstract: "Finds faces in JPEGs, and turns them into the numbers by which they are recognised.",
    discussion: """
      Boxes are in pixels of the photograph as one sees it, turned as EXIF says. Exits with 65 where a picture cannot \
      be read; the others are gone through all the same.

      Example: vedette faces --gallery gallery.sqlite --json -o annotated.jpg photograph.jpg
      """)

  @Argument(help: ArgumentHelp("JPEGs, PNGs, or folders of them.", valueName: "image"))
  var images: [String]

  @Flag(help: "One JSON object a picture.")
  var json = false

  @Flag(
    help:
      "The 128 numbers of each face, its landmarks, and the quality gates that it does not pass.")
  var encode = false

  @Option(
    name: [.customShort("o"), .long],
    help: "Where the picture with boxes goes: a file, or a folder for several pictures.")
  var output: String?

  @Option(help: "A folder for the faces, upright, as JPEGs of 224x224.")
  var chips: String?

  @Flag(help: "Blackens what is outside the face in --chips.")
  var removeBackground = false

  @Option(help: "A gallery's file: whose faces they are.")
  var gallery: String?

  @Option(help: "How far a face may be from somebody's nearest encoding in --gallery.")
  var distance = MatchSettings().threshold

  @Option(
    help: "How faces are named: nearest, or regression where 'vedette gallery train' was run.")
  var method = MatchMethod.nearest

  @OptionGroup var detection: FaceDetectionOptions

  func validate() throws {
    guard !images.isEmpty else { throw ValidationError("name a JPEG, or a folder of them") }
    guard !removeBackground || chips != nil else {
      throw ValidationError("--remove-background is for --chips")
    }
  }

  func run() throws {
    let paths = try ImageFiles.expand(images)
    let naming = try naming()
    let settings = detection.settings(encodes: encode || chips != nil || naming != nil)
    let engine = FaceEngine(models: FaceModels(folder: detection.models))
    do {
      try engine.prepare(settings)
    } catch {
      ConfigurationCheck.tell("vedette faces: \(error)")
      throw ExitCode(error.exitStatus)
    }
    if settings.encodes, let warning = FaceEncoder.blas.warning {
      ConfigurationCheck.tell("vedette faces: \(warning)")
    }
    let writer = FaceWriter(
      try PictureOutput(annotated: output, chips: chips, count: paths.count))
    let decoder = try JPEGDecoder()
    var failures = 0
    for (index, path) in paths.enumerated() {
      ImageFiles.progress(index, paths.count)
      do {
        let report = try FaceReport(path, decoder, engine, settings, naming)
        ImageFiles.progress(paths.count, paths.count)
        print(json ? report.json(numbers: encode).line : report.text)
        try writer.write(report, removesBackground: removeBackground)
      } catch let error as ImageFileError {
        failures += 1
        ImageFiles.progress(paths.count, paths.count)
        if json { print(error.json("faces").line) }
        ConfigurationCheck.tell("vedette faces: \(error.path): \(error.reason)")
        if error.isOutput { throw ExitCode(ExitStatus.cannotCreate) }
      }
    }
    ImageFiles.progress(paths.count, paths.count)
    if failures > 0 { throw ExitCode(ExitStatus.dataError) }
  }

  private func naming() throws -> FaceNaming? {
    guard let gallery else { return nil }
    var place = GalleryPlace()
    place.gallery = gallery
    let opened = try place.openExisting(isLoaded: true)
    var settings = MatchSettings()
    settings.method = method
    settings.threshold = distance
    return try GalleryPlace.attempt { () throws(GalleryError) in
      try settings.check()
      return FaceNaming(
        snapshot: try opened.snapshot(), model: try FacePhotos.model(), settings: settings)
    }
  }
}

/// Tells whose faces those are that were found.
struct FaceNaming {
  var snapshot: GallerySnapshot
  var model: ModelName
  var settings: MatchSettings

  /// Nil for a face that was not turned into numbers.
  func identity(_ face: AnalysedFace) -> Identity? {
    guard let numbers = face.encoding, let encoding = try? Encoding(numbers) else { return nil }
    return snapshot.match([encoding], model: model, settings: settings).first
  }
}

/// How faces are looked for, as the command line says it.
struct FaceDetectionOptions: ParsableArguments {
  @Option(help: "hog: upright faces; cnn: turned and hidden ones too, some forty times slower.")
  var detector = DetectorOptions.Kind.hog

  @Option(
    help:
      "How often the picture is doubled first, 0 to 3: 0 finds faces from 80 pixels on, 1 from 40.")
  var upsample = 1

  @Option(help: "The least width of a face in pixels.")
  var minSize = 0

  @Option(
    parsing: .unconditional,
    help: "Added to the detector's threshold: below 0 finds more faces, above 0 surer ones.")
  var threshold = 0.0

  @Option(help: "Mean over so many slightly moved copies of a face.")
  var jitters = 1

  @Option(help: "5 landmarks, or 68, whose model is not for commercial use.")
  var landmarks = 5

  @Option(help: "The folder that tools/models fills.")
  var models = FaceModels.defaultFolder

  func validate() throws {
    guard (0...DetectorOptions.upsamplingMax).contains(upsample) else {
      throw ValidationError("--upsample takes 0 to \(DetectorOptions.upsamplingMax)")
    }
    guard (0...100_000).contains(minSize) else {
      throw ValidationError("--min-size takes 0 to 100000 pixels")
    }
    guard threshold.isFinite, abs(threshold) <= 100 else {
      throw ValidationError("--threshold takes -100 to 100")
    }
    guard (0...EncoderOptions.jittersMax).contains(jitters) else {
      throw ValidationError("--jitters takes 0 to \(EncoderOptions.jittersMax)")
    }
    guard [5, 68].contains(landmarks) else { throw ValidationError("--landmarks takes 5 or 68") }
  }

  /// For photographs: every face that was found counts, good or not.
  func settings(encodes: Bool) -> FaceSettings {
    var settings = FaceSettings()
    settings.detector.kind = detector
    settings.detector.upsampling = upsample
    settings.detector.widthMin = minSize
    settings.detector.thresholdOffset = threshold
    settings.encoder.jitters = jitters
    settings.encoder.uses68Landmarks = landmarks == 68
    settings.encodes = encodes
    settings.encodesPoorOnes = true
    return settings
  }
}

extension DetectorOptions.Kind: ExpressibleByArgument {}
