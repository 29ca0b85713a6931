import CYAML

/// Reads one YAML document by libyaml into nodes. Anchors, tags, several documents and repeated keys are
/// refused: a configuration has no use for them, and each hides mistakes. Repeated keys are collected;
/// all else ends the reading.
@safe
package final class YAMLParser {
  package static let bytesMax = 1 << 20
  static let depthMax = 32
  static let nodesMax = 20_000

  // In memory of its own: libyaml keeps a pointer to the parser inside it.
  private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
  private let file: String
  private let bytes: [UInt8]
  private var nodeCount = 0
  private var repetitions: [Diagnostic] = []

  private init(_ bytes: [UInt8], file: String) throws(YAMLError) {
    self.file = file
    // Editors that mark UTF-8 by a BOM would move the first key out of its column.
    self.bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    unsafe parser.initialize(to: yaml_parser_t())
    guard unsafe yaml_parser_initialize(parser) == 1 else {
      throw error(
        YAMLNode.Place(file: file, line: 1, column: 1), "there is no memory to read this")
    }
  }

  deinit {
    unsafe yaml_parser_delete(parser)
    unsafe parser.deallocate()
  }

  /// - Returns: the document's value, nil where the text holds none; and what is wrong with it that
  ///   leaves the rest readable.
  package static func parse(
    _ bytes: [UInt8], file: String
  ) throws(YAMLError) -> (value: YAMLNode?, errors: [Diagnostic]) {
    guard bytes.count <= bytesMax else {
      throw YAMLError(diagnostics: [
        Diagnostic(
          file: file, line: 1, column: 1,
          message: "the file is larger than \(bytesMax >> 20) MiB; is it a configuration?")
      ])
    }
    let parser = try YAMLParser(bytes, file: file)
    return (try parser.document(), parser.repetitions)
  }

  private struct Event {
    enum Kind {
      case scalar(String, isQuoted: Bool), sequence, mapping, end, documentStart, streamEnd, other
    }
    var kind: Kind
    var place: YAMLNode.Place
  }

  private func document() throws(YAMLError) -> YAMLNode? {
    var failure: YAMLError?
    var result: YAMLNode?
    unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe yaml_parser_set_input_string(parser, buffer.baseAddress, buffer.count)
      unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
      do throws(YAMLError) {
        result = try readDocument()
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return result
  }

  private func readDocument() throws(YAMLError) -> YAMLNode? {
    var node: YAMLNode?
    while true {
      let event = try next()
      switch event.kind {
      case .streamEnd: return node
      case .documentStart:
        guard node == nil else {
          throw error(
            event.place, "a second document begins here; one file holds one configuration")
        }
        node = try value(try next(), depth: 0)
      case .other, .end, .scalar, .sequence, .mapping: continue
      }
    }
  }

  private func value(_ event: Event, depth: Int) throws(YAMLError) -> YAMLNode {
    nodeCount += 1
    guard depth < Self.depthMax, nodeCount <= Self.nodesMax else {
      throw error(event.place, "nested or repeated beyond any sensible configuration")
    }
    switch event.kind {
    case .scalar(let text, let isQuoted):
      return YAMLNode(content: .scalar(text, isQuoted: isQuoted), place: event.place)
    case .sequence:
      var items: [YAMLNode] = []
      while true {
        let item = try next()
        if case .end = item.kind { break }
        items.append(try value(item, depth: depth + 1))
      }
      return YAMLNode(content: .sequence(items), place: event.place)
    case .mapping:
      return YAMLNode(content: .mapping(try entries(depth: depth)), place: event.place)
    case .end, .documentStart, .streamEnd, .other:
      throw error(event.place, "the document ends where a value belongs")
    }
  }

  private func entries(depth: Int) throws(YAMLError) -> [YAMLNode.Entry] {
    var entries: [YAMLNode.Entry] = []
    var seen: [String: Int] = [:]
    while true {
      let event = try next()
      if case .end = event.kind { return entries }
      guard case .scalar(let key, _) = event.kind else {
        throw error(event.place, "a key must be plain text")
      }
      let value = try value(try next(), depth: depth + 1)
      guard let line = seen[key] else {
        seen[key] = event.place.line
        entries.append(YAMLNode.Entry(key: key, keyPlace: event.place, value: value))
        continue
      }
      guard repetitions.count < NodeReader.diagnosticsMax else { continue }
      repetitions +=
        error(
          event.place, "\(key.quoted) is here a second time; it stands in line \(line) already"
        ).diagnostics
    }
  }

  private func next() throws(YAMLError) -> Event {
    var event = unsafe yaml_event_t()
    guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw syntaxError() }
    defer { unsafe yaml_event_delete(&event) }
    let place = unsafe YAMLNode.Place(
      file: file, line: Int(event.start_mark.line) + 1, column: Int(event.start_mark.column) + 1)
    let kind: Event.Kind
    switch unsafe event.type {
    case YAML_SCALAR_EVENT:
      let scalar = unsafe event.data.scalar
      guard unsafe scalar.anchor == nil, unsafe scalar.tag == nil else {
        throw error(place, "anchors (&) and tags (!) are not used here; write the value itself")
      }
      let text = unsafe String(
        decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      // By escapes in quotes; as they are, libyaml refuses them.
      guard !text.utf8.contains(where: { $0 < 32 && $0 != 9 && $0 != 10 || $0 == 127 }) else {
        throw error(place, "a control character is no text")
      }
      kind = unsafe .scalar(text, isQuoted: scalar.style != YAML_PLAIN_SCALAR_STYLE)
    case YAML_SEQUENCE_START_EVENT:
      guard unsafe event.data.sequence_start.anchor == nil,
        unsafe event.data.sequence_start.tag == nil
      else { throw error(place, "anchors (&) and tags (!) are not used here") }
      kind = .sequence
    case YAML_MAPPING_START_EVENT:
      guard unsafe event.data.mapping_start.anchor == nil,
        unsafe event.data.mapping_start.tag == nil
      else { throw error(place, "anchors (&) and tags (!) are not used here") }
      kind = .mapping
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: kind = .end
    case YAML_DOCUMENT_START_EVENT: kind = .documentStart
    case YAML_STREAM_END_EVENT: kind = .streamEnd
    case YAML_ALIAS_EVENT:
      throw error(place, "an alias (*) is not used here; write the value itself")
    default: kind = .other
    }
    return Event(kind: kind, place: place)
  }

  private func syntaxError() -> YAMLError {
    let problem =
      unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? "not readable as YAML"
    let context = unsafe parser.pointee.context.map { unsafe " \(String(cString: $0))" } ?? ""
    let mark = unsafe parser.pointee.problem_mark
    if unsafe parser.pointee.error == YAML_READER_ERROR {
      // Where the bytes are no text, libyaml knows an offset instead of a line.
      let before = bytes.prefix(unsafe Int(parser.pointee.problem_offset))
      let column = before.reversed().prefix { $0 != 10 }.count + 1
      return error(
        YAMLNode.Place(file: file, line: before.count { $0 == 10 } + 1, column: column),
        "not valid YAML: \(problem)")
    }
    let place = YAMLNode.Place(file: file, line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    let line = bytes.split(
      separator: 10, maxSplits: Int(mark.line) + 1, omittingEmptySubsequences: false
    ).dropFirst(Int(mark.line)).first
    if line?.first(where: { $0 != 32 }) == 9 {
      return error(place, "a tab begins this line; YAML is indented by blanks")
    }
    return error(place, "not valid YAML: \(problem)\(context)")
  }

  private func error(_ place: YAMLNode.Place, _ message: String) -> YAMLError {
    YAMLError(diagnostics: [
      Diagnostic(file: place.file, line: place.line, column: place.column, message: message)
    ])
  }
}
