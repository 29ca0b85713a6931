import Faces
import Foundation
import Frames
import Gallery
import Imaging
import TestDice
import Testing

/// Faces, numbers and names together, on the photographs of groups that come with Debian's libdlib.
@Suite(.enabled(if: Portraits.areThere, "the package registry cannot be reached"))
struct TrainingTests {
  private static let folder = "/usr/share/doc/libdlib19.1/examples/faces"
  /// Faces nearer than that may be one person's.
  private static let strangersMin = 0.5

  struct Person {
    var encodings: [[Float]]
  }

  /// The landmarks of a face moved at random, which turns, shifts and scales the crop that is encoded.
  private func jittered(_ landmarks: Landmarks, width: Double, by dice: inout Dice) -> Landmarks {
    Landmarks(
      points: landmarks.points.map {
        FacePoint(
          x: $0.x + .random(in: -0.03...0.03, using: &dice) * width,
          y: $0.y + .random(in: -0.03...0.03, using: &dice) * width)
      })
  }

  /// People who are not alike, each with encodings of jittered crops of one face.
  private func people(_ count: Int, crops: Int) throws -> [Person] {
    let models = try #require(Portraits.models)
    let engine = FaceEngine(models: models)
    let encoder = try FaceEncoder(EncoderOptions(), models: models)
    let decoder = try JPEGDecoder()
    var settings = FaceSettings()
    settings.detector.upsampling = 1
    settings.encodesPoorOnes = true
    var dice = Dice(seed: 1)
    var people: [Person] = []
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
    for name in names.filter({ $0.hasSuffix(".jpg") }).sorted() where people.count < count {
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/\(name)")))
      let picture = try decoder.upright(of: unsafe bytes.span.bytes)
      let patch = FacePatch(
        pixels: picture.rgb, layout: PixelLayout(.rgb, size: picture.size))
      let luma = picture.luma
      let faces = try engine.analyse(
        luma: unsafe luma.span.bytes, PixelLayout(.luma, size: picture.size), settings: settings
      ) { _ in patch }.faces
      for face in faces where people.count < count {
        guard let encoding = face.encoding, let landmarks = face.landmarks,
          people.allSatisfy({
            euclideanDistance($0.encodings[0], encoding) > Self.strangersMin
          })
        else { continue }
        let encodings = try (0..<crops).map { _ in
          try encoder.encoding(
            of: try FaceEncoder.chip(
              jittered(landmarks, width: face.box.width, by: &dice), in: patch))
        }
        people.append(Person(encodings: encodings))
      }
    }
    return people
  }

  @Test(
    .enabled(
      if: FileManager.default.fileExists(atPath: folder), "libdlib's examples are not installed"))
  func `Of twenty people with a hundred jittered crops each, cross-validation names 99 of 100`()
    throws
  {
    let people = try people(20, crops: 100)
    try #require(people.count == 20)
    let model = try ModelName(FaceModels.encoderIdentity)
    let entries = try people.enumerated().flatMap { number, person in
      try person.encodings.map {
        GalleryEntry(
          name: try PersonName("person \(number)"), model: model, encoding: try Encoding($0))
      }
    }
    let snapshot = try GallerySnapshot.inMemory(entries)
    let classifier = try snapshot.train()
    #expect(classifier.training.people == 20 && classifier.training.samples == 2000)
    #expect((classifier.training.accuracy ?? 0) >= 0.99)
    // Somebody else's face is nobody's.
    let stranger = try Portraits.picture("obama.jpg")
    var settings = FaceSettings()
    settings.encodesPoorOnes = true
    let patch = FacePatch(pixels: stranger.rgb, layout: stranger.rgbLayout)
    let luma = stranger.luma
    let engine = FaceEngine(models: try #require(Portraits.models))
    let found = try engine.analyse(
      luma: unsafe luma.span.bytes, PixelLayout(.luma, size: stranger.size), settings: settings
    ) { _ in patch }.faces
    let encoding = try Encoding(try #require(found.first?.encoding))
    for method in MatchMethod.allCases {
      var match = MatchSettings()
      match.method = method
      #expect(snapshot.match([encoding], model: model, settings: match)[0].name == nil)
    }
  }
}
