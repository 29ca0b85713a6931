import Documents

/// An entry as one line of JSON, for export and import:
/// `{"name":"Ada","model":"…","photo":"<SHA-256, hexadecimal>","encoding":[128 numbers]}`. `photo` may be
/// missing, and `model` where the reader is told one.
package enum EntryLine {
  package static let bytesMax = 16 << 10

  private static let limits: JSONReader.Limits = {
    var limits = JSONReader.Limits()
    limits.bytesMax = bytesMax
    limits.depthMax = 2
    return limits
  }()

  /// The line, without its end. Numbers are as short as they can be and still be read as the same.
  package static func text(_ entry: GalleryEntry) -> String {
    var members: [(String, JSON)] = [
      ("name", .string(entry.name.text)), ("model", .string(entry.model.text)),
    ]
    if let photo = entry.photo { members.append(("photo", .string("\(photo)"))) }
    members.append(("encoding", .array(entry.encoding.numbers.map { .float($0) })))
    return JSON.object(members).line
  }

  /// - Parameter model: what made encodings whose line does not say.
  /// - Throws: `.badInput`, saying what is wrong.
  package static func parse(
    _ line: some Sequence<UInt8>, model preset: ModelName? = nil
  ) throws(GalleryError) -> GalleryEntry {
    let bytes = Array(line.prefix(bytesMax + 1))
    guard bytes.count <= bytesMax else {
      throw failure("the line is longer than \(bytesMax) bytes")
    }
    let value: JSON
    do throws(JSONError) {
      value = try JSONReader.read(bytes, limits: limits)
    } catch {
      throw failure(error.description)
    }
    guard case .object(let members) = value else {
      throw failure("an object belongs here, not \(value.kind)")
    }
    let known: Set = ["name", "model", "photo", "encoding"]
    if let unknown = members.list.first(where: { !known.contains($0.name) }) {
      throw failure("there is no key \"\(unknown.name.prefix(40))\" in an entry")
    }
    guard let name = try text("name", members) else { throw failure("there is no \"name\"") }
    let model = try text("model", members)
    guard let model = try model.map({ text throws(GalleryError) in try ModelName(text) }) ?? preset
    else { throw failure("there is no \"model\"") }
    return GalleryEntry(
      name: try PersonName(name), model: model, photo: try photo(members),
      encoding: try encoding(members))
  }

  private static func failure(_ what: String) -> GalleryError { GalleryError(.badInput, what) }

  private static func text(
    _ name: String, _ members: JSON.Members
  ) throws(GalleryError) -> String? {
    guard let value = members[name] else { return nil }
    guard let text = value.text else {
      throw failure("\"\(name)\" is \(value.kind); a text belongs here")
    }
    return text
  }

  private static func photo(_ members: JSON.Members) throws(GalleryError) -> Digest? {
    guard let text = try text("photo", members) else { return nil }
    guard let sum = Digest(hex: text) else {
      throw failure("\"photo\" is not 64 hexadecimal digits")
    }
    return sum
  }

  private static func encoding(_ members: JSON.Members) throws(GalleryError) -> Encoding {
    guard let value = members["encoding"] else { throw failure("there is no \"encoding\"") }
    guard let items = value.items else {
      throw failure("\"encoding\" is \(value.kind); a list of numbers belongs here")
    }
    var numbers: [Float] = []
    numbers.reserveCapacity(items.count)
    for item in items {
      guard let number = item.number else {
        throw failure("\"encoding\" has \(item.kind) where a number belongs")
      }
      numbers.append(Float(number))
    }
    return try Encoding(numbers)
  }
}
