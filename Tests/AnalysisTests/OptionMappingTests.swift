import Analysis
import ColourAnalyser
import Colours
import FaceAnalyser
import Faces
import Gallery
import Keys
import Testing

/// Each key of the configuration reaches the room that it is for.
@Suite struct OptionMappingTests {
  private func faces(_ values: [String: KeyValue]) throws -> FaceOptions {
    try #require(KeyTable(FaceOptions.self).options(values).as(FaceOptions.self))
  }

  private func colours(_ values: [String: KeyValue]) throws -> ColourOptions {
    try #require(KeyTable(ColourOptions.self).options(values).as(ColourOptions.self))
  }

  @Test func `Keys of faces reach the search, the encoder and the tracker`() throws {
    var expected = FaceSettings()
    #expect(try FaceSettings(faces([:])) == expected)
    expected.detector = DetectorOptions()
    expected.detector.kind = .cnn
    expected.detector.upsampling = 2
    expected.detector.thresholdOffset = -0.5
    expected.detector.widthMin = 90
    expected.encoder.jitters = 7
    expected.encoder.uses68Landmarks = true
    expected.tracking.detectEvery = 12
    let options = try faces([
      "detector": .word("cnn"), "upsample": .integer(2), "score": .number(-0.5),
      "min_size": .integer(90), "jitters": .integer(7), "landmarks": .word("68"),
      "detect_every": .integer(12),
    ])
    #expect(FaceSettings(options) == expected)
  }

  @Test(arguments: [
    ("off", "off", false), ("off", "crop", true), ("off", "cutout", true), ("nearest", "off", true),
    ("regression", "off", true),
  ])
  func `Faces are encoded where they are named or cut out`(
    _ identify: String, _ chips: String, _ encodes: Bool
  ) throws {
    let options = try faces(["identify": .word(identify), "chips": .word(chips)])
    #expect(FaceSettings(options).encodes == encodes)
    #expect((MatchSettings(options) != nil) == (identify != "off"))
    let kind = AnalyserKind(FaceAnalyser.self)
    #expect(kind.usesGallery([kind.name: AnyOptions(options)]) == (identify != "off"))
    #expect(!kind.usesGallery([:]))
  }

  @Test func `Keys of faces reach the comparison with the gallery`() throws {
    var expected = MatchSettings()
    #expect(try MatchSettings(faces([:])) == expected)
    expected.method = .regression
    expected.threshold = 0.45
    expected.probability = 0.9
    let options = try faces([
      "identify": .word("regression"), "distance": .number(0.45), "probability": .number(0.9),
    ])
    #expect(MatchSettings(options) == expected)
  }

  @Test func `Keys of colours reach the clusterer`() throws {
    #expect(try ColourSettings(colours([:])) == ColourSettings())
    let options = try colours([
      "lambda": .number(12), "coreset": .integer(5000), "space": .word("lab"),
    ])
    #expect(
      ColourSettings(options)
        == ColourSettings(lambda: 12, coreset: .sample(size: 5000, seed: 1), space: .lab))
    let exact = try colours(["coreset": .word("exact")])
    #expect(ColourSettings(exact).coreset == .exact)
  }
}
