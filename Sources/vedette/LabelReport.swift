import Documents
import Frames
import Imaging
import Inference
import Paths

/// What one photograph shows.
struct LabelReport {
  let path: String
  let picture: UprightPicture
  /// What was looked at, in pixels of the photograph.
  let box: PictureBox
  /// The surest first.
  let labels: [Label]
  private let model: String

  /// - Parameter part: what is looked at; nil for all.
  init(
    _ path: String, _ decoder: JPEGDecoder, _ network: Network, _ part: LabelBox?, top: Int
  ) throws(ImageFileError) {
    self.path = path
    model = network.identity
    let bytes = try ImageFiles.read(path)
    let decoded: UprightPicture
    do throws(ImagingError) {
      decoded = try UprightPicture(decoding: bytes, by: decoder, within: .whole)
    } catch {
      throw ImageFileError(path: path, reason: error.description)
    }
    picture = decoded
    let size = decoded.size
    let whole = PictureBox(x: 0, y: 0, width: Double(size.width), height: Double(size.height))
    guard let box = (part?.pixels(of: size) ?? whole).within(size) else {
      throw ImageFileError(
        path: path, reason: "--box lies outside of the picture of \(size), or is empty")
    }
    self.box = box
    do throws(InferenceError) {
      let prepared = try unsafe PreparedPicture(
        rgb: decoded.rgb.span.bytes, size: size, box: box, for: network)
      labels = try network.labels(prepared, top: top)
    } catch {
      throw ImageFileError(path: path, reason: error.description)
    }
  }

  /// Folders become the pictures that lie in them, by name.
  static func expand(_ paths: [String]) -> [String] {
    paths.flatMap { path -> [String] in
      guard ImageFiles.isFolder(path), let names = FolderNames.list(path) else { return [path] }
      return names.sorted().compactMap { name in
        let lower = name.lowercased()
        let isPicture = [".jpg", ".jpeg", ".png"].contains { lower.hasSuffix($0) }
        return isPicture && !name.hasPrefix(".") ? "\(path)/\(name)" : nil
      }
    }
  }

  /// What it shows, where that is sure enough.
  func name(_ confidence: Double) -> String? {
    guard let first = labels.first, Double(first.confidence) >= confidence else { return nil }
    return first.name
  }

  var json: JSON {
    .object([
      ("file", .string(path)), ("width", .integer(picture.size.width)),
      ("height", .integer(picture.size.height)), ("model", .string(model)),
      ("box", .array([box.x, box.y, box.width, box.height].map { .integer(Int($0.rounded())) })),
      (
        "labels",
        .array(
          labels.map {
            .object([
              ("class", .string($0.name)), ("number", .integer($0.index)),
              ("confidence", .rounded(Double($0.confidence))),
            ])
          })
      ),
    ])
  }

  /// - Parameter confidence: below it the surest is no more than a guess.
  func text(_ confidence: Double) -> String {
    let doubt = name(confidence) == nil ? " \(LabelSummary.unknown); most similar:" : ""
    let lines = labels.map { "  \(Self.percent($0.confidence))  \($0.name)" }
    return (["\(path):\(doubt)"] + lines).joined(separator: "\n")
  }

  private static func percent(_ share: Float) -> String {
    let tenths = Int((share * 1000).rounded())
    let text = "\(tenths / 10).\(tenths % 10) %"
    return String(repeating: " ", count: max(0, 7 - text.count)) + text
  }

  /// What is drawn of it.
  func mark(_ confidence: Double) -> Mark {
    let area = Rectangle(
      x: Int(box.x), y: Int(box.y), width: Int(box.width), height: Int(box.height))
    guard let first = labels.first, let name = name(confidence) else {
      return Mark(
        box: area, label: LabelSummary.unknown, colour: Colour(red: 240, green: 180, blue: 40))
    }
    return Mark(
      box: area, label: "\(name) \(Int((first.confidence * 100).rounded())) %",
      colour: Colour(red: 40, green: 200, blue: 90))
  }
}

/// How many pictures show what.
struct LabelSummary {
  static let unknown = "nothing recognised"

  private var counts: [String?: Int] = [:]

  /// - Parameter name: nil where nothing was sure enough.
  mutating func note(_ name: String?) { counts[name, default: 0] += 1 }

  /// The most frequent first; what was not recognised last.
  private var rows: [(name: String?, count: Int)] {
    let named = counts.compactMap { row in row.key.map { (name: $0, count: row.value) } }
      .sorted { ($1.count, $0.name) < ($0.count, $1.name) }
      .map { (name: Optional($0.name), count: $0.count) }
    return named + (counts[nil].map { [(name: nil, count: $0)] } ?? [])
  }

  var json: JSON {
    let classes = rows.map { row -> JSON in
      .object([
        ("class", row.name.map { .string($0) } ?? .null), ("pictures", .integer(row.count)),
      ])
    }
    return .object([("summary", .array(classes))])
  }

  var text: String {
    let all = counts.values.reduce(0, +)
    let width = String(all).count
    func line(_ count: Int, _ name: String) -> String {
      let (text, tenths) = (String(count), (count * 2000 / max(1, all) + 1) / 2)
      let share = "\(tenths / 10).\(tenths % 10) %"
      return String(repeating: " ", count: width - text.count) + text
        + String(repeating: " ", count: 9 - share.count) + share + "  " + name
    }
    return rows.map { line($0.count, $0.name ?? Self.unknown) }.joined(separator: "\n")
  }
}
