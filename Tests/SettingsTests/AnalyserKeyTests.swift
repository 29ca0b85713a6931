import Analysers
import Foundation
import Keys
import Testing

@testable import Settings

/// What an analyser declares is what the configuration takes.
@Suite struct AnalyserKeyTests {
  static let keys = Analysers.keys.flatMap { table in
    table.entries.map { "\(table.name).\($0.name)" }
  }

  @Test(arguments: keys) func `Each key is an option of its own`(_ key: String) throws {
    let parts = key.split(separator: ".").map(String.init)
    let table = try #require(Analysers.keys.first { $0.name == parts[0] })
    let entry = try #require(table.entries.first { $0.name == parts[1] })
    let changed = table.options([entry.name: try #require(entry.other)])
    let standard = table.options([:])
    #expect(changed != standard)
    for (one, other) in zip(changed.values, standard.values) {
      #expect((one.value != other.value) == (one.name == entry.name), "\(one.name)")
    }
  }

  @Test(arguments: keys) func `A default is within the range that is asked of others`(_ key: String)
    throws
  {
    let parts = key.split(separator: ".").map(String.init)
    let table = try #require(Analysers.keys.first { $0.name == parts[0] })
    let entry = try #require(table.entries.first { $0.name == parts[1] })
    guard entry.isWritable else { return }
    let unit = entry.kind.isDuration ? " s" : ""
    let text =
      "cameras: {front: {device: x, \(table.name): {\(entry.name): \(entry.standard.text)\(unit)}}}"
    #expect(
      try parsed(text).settings.cameras.first?.analysers == [table.name: table.options([:])])
  }

  @Test func `A size is no larger than its key allows`() throws {
    let sizes = Analysers.keys.flatMap { table in table.entries.map { (table.name, $0) } }
    for (name, entry) in sizes {
      guard case .size(let most) = entry.kind else { continue }
      let found = faults(
        "cameras: {front: {device: x, \(name): {\(entry.name): \(most + 1)x1}}}")
      #expect(found.count == 1)
      #expect(
        found.first?.hasSuffix(
          "\(most + 1)x1 is out of range; give 1 to \(most) pixels for width and height") == true)
    }
  }

  @Test func `The example of a configuration has all keys of analysers, with their defaults`()
    throws
  {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(
      contentsOfFile: root.appendingPathComponent("etc/vedette.yaml").path, encoding: .utf8)
    // The manual page vedette.yaml(5) is made of it.
    #expect(text.contains(AnalyserReference.example), "it must have:\n\(AnalyserReference.example)")
  }

  @Test func `The list of analysers has each key with its range and default`() {
    let lines = AnalyserReference.lines.map {
      $0.drop { $0 == " " }
    }
    for entry in Analysers.keys.flatMap(\.entries) {
      #expect(lines.contains { $0.hasPrefix("\(entry.name) ") && $0.hasSuffix(entry.doc) })
    }
    #expect(lines.contains("1 to 1000. Default: 5"))
    #expect(lines.contains("hog, cnn. Default: hog"))
    #expect(lines.contains("histogram, exact, or 1 to 10000000. Default: histogram"))
    #expect(lines.contains("pictures a second, 0.001 to 1000, or off. Default: 0.5"))
    #expect(lines.contains("sends vedette.clustered.v1 to the topic clustered"))
  }

  @Test func `What is no value of a key is told by its range`() {
    #expect(
      faults("cameras: {front: {device: x, colours: {rate: 0}}}")
        == [
          "v.yaml:1:46: cameras.front.colours.rate: 0 is out of range; give 0.001 to 1000 fps"
        ])
    #expect(
      faults("cameras: {front: {device: x, faces: {region: big, jitters: 0, annotate: maybe}}}")
        == [
          "v.yaml:1:46: cameras.front.faces.region: \"big\" is no rectangle; give WIDTHxHEIGHT+X+Y, or x, y, width and height",
          "v.yaml:1:60: cameras.front.faces.jitters: 0 is out of range; give a whole number from 1 to 100",
          "v.yaml:1:73: cameras.front.faces.annotate: \"maybe\" is neither true nor false",
        ])
    let lists = "{only: tabby, regions: [10x10+0+0, big], model: [a]}"
    #expect(
      faults("cameras: {front: {device: x, labels: \(lists)}}")
        == [
          "v.yaml:1:45: cameras.front.labels.only: a list belongs here, such as [one, two], not \"tabby\"",
          "v.yaml:1:73: cameras.front.labels.regions[1]: \"big\" is no rectangle; give WIDTHxHEIGHT+X+Y, or x, y, width and height",
          "v.yaml:1:86: cameras.front.labels.model: text belongs here, not a list",
        ])
    let many = Array(repeating: "1x1+0+0", count: 17).joined(separator: ", ")
    #expect(
      faults("cameras: {front: {device: x, labels: {regions: [\(many)]}}}").first?
        .hasSuffix("17 is too many; give a list of up to 16") == true)
  }
}

extension KeyTable.Entry {
  /// Whether the default can stand in a configuration: that of an area cannot, which is all of the picture.
  fileprivate var isWritable: Bool { kind != .area }

  /// A value that is not the default.
  fileprivate var other: KeyValue? {
    kind.some.first { $0 != standard }
  }
}

extension KeyKind {
  fileprivate var isDuration: Bool {
    if case .duration = self { true } else { false }
  }

  fileprivate var some: [KeyValue] {
    switch self {
    case .integer(let range): [.integer(range.lowerBound), .integer(range.upperBound)]
    case .number(let range), .rate(let range), .duration(let range):
      [.number(range.lowerBound), .number(range.upperBound)]
    case .flag: [.flag(false), .flag(true)]
    case .choice(let words): words.map { .word($0) }
    case .size: [.size(KeySize(width: 3, height: 5))]
    case .area: [.area(KeyArea(x: 1, y: 2, width: 3, height: 4))]
    case .text: [.word("some text")]
    case .list(let kind, _): [.list(Array(kind.some.prefix(2)))]
    case .optional(let kind): [.off] + kind.some
    case .words(let words, let kind): words.map { .word($0) } + kind.some
    }
  }
}
