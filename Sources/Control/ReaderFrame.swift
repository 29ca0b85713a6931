package import Kafka

/// What the agent and the reader of the control topic tell each other, in frames: a number of bytes (four, the lowest
/// first), then as many. What comes from the reader is judged as what comes from a stranger: it reads what strangers
/// wrote.
package enum ReaderFrame {
  /// The most that follows a frame's length, in bytes.
  package static let bytesMax = 4 << 20
  /// Of a record's value; a longer one is cut, and is too large for a command either way.
  package static let valueBytesMax = 1 << 20 + 1
  /// Of an error's words.
  static let textBytesMax = 2048
  /// The largest offset that is believed: there is room above it to count on.
  static let offsetMax: Int64 = 1 << 60
  /// Partitions of a topic.
  static let partitionsMax: Int32 = 100_000

  /// A frame of these bytes.
  static func framed(_ body: [UInt8]) -> [UInt8] {
    var writer = FrameWriter()
    writer.put(UInt32(body.count))
    return writer.bytes + body
  }
}

/// What the reader tells the agent.
package enum ReaderNews: Equatable, Sendable {
  /// Reading begins; nothing has been fetched yet. Offsets are of those partitions of which they are known.
  case opened(partitions: Int32, offsets: [Int32: Int64])
  /// It cannot begin.
  case refused(KafkaError)
  case record(partition: Int32, offset: Int64, value: [UInt8])
  /// All that there is in a partition was told.
  case end(partition: Int32)
  /// Instead of a record.
  case error(KafkaError)
  /// What librdkafka tells of its brokers.
  case broker(KafkaError)
  /// How many partitions there are now, or why that is not known.
  case partitions(Int32)
  case partitionsUnknown(KafkaError)

  package var frame: [UInt8] {
    var writer = FrameWriter()
    switch self {
    case .opened(let count, let offsets):
      writer.put(UInt8(1))
      writer.put(count)
      writer.put(offsets)
    case .refused(let error): writer.put(2, error)
    case .record(let partition, let offset, let value):
      writer.put(UInt8(3))
      writer.put(partition)
      writer.put(offset)
      writer.bytes += value.prefix(ReaderFrame.valueBytesMax)
    case .end(let partition):
      writer.put(UInt8(4))
      writer.put(partition)
    case .error(let error): writer.put(5, error)
    case .broker(let error): writer.put(6, error)
    case .partitions(let count):
      writer.put(UInt8(7))
      writer.put(count)
    case .partitionsUnknown(let error): writer.put(8, error)
    }
    return ReaderFrame.framed(writer.bytes)
  }

  /// - Parameter body: without the length; nil where it is not of this form.
  package init?(_ body: some RandomAccessCollection<UInt8>) {
    var scanner = FrameScanner(body)
    guard let kind: UInt8 = scanner.number(), let news = Self.read(kind, &scanner),
      scanner.isAtEnd
    else { return nil }
    self = news
  }

  private static func read(_ kind: UInt8, _ scanner: inout FrameScanner) -> ReaderNews? {
    switch kind {
    case 1:
      guard let count = scanner.count(), let offsets = scanner.offsets() else { return nil }
      return .opened(partitions: count, offsets: offsets)
    case 2: return scanner.error().map { .refused($0) }
    case 3:
      guard let partition = scanner.count(), let offset = scanner.offset(),
        let value = scanner.rest(atMost: ReaderFrame.valueBytesMax)
      else { return nil }
      return .record(partition: partition, offset: offset, value: value)
    case 4: return scanner.count().map { .end(partition: $0) }
    case 5: return scanner.error().map { .error($0) }
    case 6: return scanner.error().map { .broker($0) }
    case 7: return scanner.count().map { .partitions($0) }
    case 8: return scanner.error().map { .partitionsUnknown($0) }
    default: return nil
    }
  }
}

/// What the agent tells the reader.
package enum ReaderOrder: Equatable, Sendable {
  /// The first, once: where and how to read.
  case open(ReaderSettings)
  /// To ask how many partitions there are now.
  case countPartitions

  package var frame: [UInt8] {
    var writer = FrameWriter()
    switch self {
    case .open(let settings):
      writer.put(UInt8(1))
      writer.put(UInt32(settings.brokers.count))
      for broker in settings.brokers { writer.put(broker) }
      writer.put(settings.topic)
      for map in [settings.properties, settings.secrets] {
        writer.put(UInt32(map.count))
        for (name, value) in map {
          writer.put(name)
          writer.put(value)
        }
      }
      writer.put(settings.starts)
      writer.put(settings.isClamped ? UInt8(1) : 0)
      writer.put(settings.only.map { Int32($0.count) } ?? -1)
      for partition in settings.only ?? [] { writer.put(partition) }
      writer.put(settings.timeoutMilliseconds)
    case .countPartitions: writer.put(UInt8(2))
    }
    return ReaderFrame.framed(writer.bytes)
  }

  package init?(_ body: some RandomAccessCollection<UInt8>) {
    var scanner = FrameScanner(body)
    switch scanner.number() as UInt8? {
    case 1:
      guard let settings = scanner.settings() else { return nil }
      self = .open(settings)
    case 2: self = .countPartitions
    default: return nil
    }
    guard scanner.isAtEnd else { return nil }
  }
}

/// Where and how the control topic is read.
package struct ReaderSettings: Equatable, Sendable {
  package var brokers: [String]
  package var topic: String
  package var properties: [String: String]
  package var secrets: [String: String]
  /// Where each partition begins; any other with its oldest record.
  package var starts: [Int32: Int64] = [:]
  /// The partitions that are read; nil for all.
  package var only: [Int32]?
  /// Whether a start behind a partition's end means its end.
  package var isClamped = false
  /// For asking which partitions there are.
  package var timeoutMilliseconds: Int32 = 5000

  package init(
    brokers: [String], topic: String, properties: [String: String], secrets: [String: String]
  ) {
    self.brokers = brokers
    self.topic = topic
    self.properties = properties
    self.secrets = secrets
  }
}

struct FrameWriter {
  var bytes: [UInt8] = []

  mutating func put(_ number: some FixedWidthInteger) {
    for place in 0..<number.bitWidth / 8 {
      bytes.append(UInt8(truncatingIfNeeded: number >> (8 * place)))
    }
  }

  mutating func put(_ text: String) {
    put(UInt32(text.utf8.count))
    bytes += Array(text.utf8)
  }

  mutating func put(_ offsets: [Int32: Int64]) {
    put(UInt32(offsets.count))
    for (partition, offset) in offsets {
      put(partition)
      put(offset)
    }
  }

  mutating func put(_ kind: UInt8, _ error: KafkaError) {
    put(kind)
    put(error.code)
    put(error.partition ?? -1)
    put(error.call)
    let words = Array(error.description.utf8.prefix(ReaderFrame.textBytesMax))
    put(String(decoding: words, as: UTF8.self))
  }
}

/// Takes numbers and texts off bytes that may be any: what is not there is nil.
struct FrameScanner {
  private let bytes: [UInt8]
  private var place = 0

  init(_ bytes: some Collection<UInt8>) { self.bytes = Array(bytes) }

  var isAtEnd: Bool { place == bytes.count }

  mutating func number<Number: FixedWidthInteger>() -> Number? {
    let width = Number.bitWidth / 8
    guard bytes.count - place >= width else { return nil }
    var number: Number = 0
    for step in 0..<width {
      number |= Number(truncatingIfNeeded: bytes[place + step]) << (8 * step)
    }
    place += width
    return number
  }

  /// How many follow of what has at least `width` bytes each.
  private mutating func length(of width: Int) -> Int? {
    guard let count: UInt32 = number(), Int(count) <= (bytes.count - place) / width else {
      return nil
    }
    return Int(count)
  }

  mutating func text(atMost most: Int = ReaderFrame.bytesMax) -> String? {
    guard let count = length(of: 1), count <= most else { return nil }
    defer { place += count }
    return String(validating: bytes[place..<place + count], as: UTF8.self)
  }

  mutating func rest(atMost most: Int) -> [UInt8]? {
    guard bytes.count - place <= most else { return nil }
    defer { place = bytes.count }
    return Array(bytes[place...])
  }

  /// A partition, or how many there are.
  mutating func count() -> Int32? {
    guard let count: Int32 = number(), (0...ReaderFrame.partitionsMax).contains(count) else {
      return nil
    }
    return count
  }

  mutating func offset() -> Int64? {
    guard let offset: Int64 = number(), (0...ReaderFrame.offsetMax).contains(offset) else {
      return nil
    }
    return offset
  }

  mutating func offsets() -> [Int32: Int64]? {
    guard let count = length(of: 12) else { return nil }
    var offsets: [Int32: Int64] = [:]
    for _ in 0..<count {
      guard let partition = self.count(), let offset = self.offset() else { return nil }
      offsets[partition] = offset
    }
    return offsets
  }

  mutating func error() -> KafkaError? {
    guard let code: Int32 = number(), let partition: Int32 = number(),
      let call = text(atMost: ReaderFrame.textBytesMax),
      let words = text(atMost: ReaderFrame.textBytesMax * 2)
    else { return nil }
    return KafkaError(
      code: code, call: call, description: words,
      partition: (0...ReaderFrame.partitionsMax).contains(partition) ? partition : nil)
  }

  private mutating func texts() -> [String: String]? {
    guard let count = length(of: 8) else { return nil }
    var texts: [String: String] = [:]
    for _ in 0..<count {
      guard let name = text(), let value = text() else { return nil }
      texts[name] = value
    }
    return texts
  }

  mutating func settings() -> ReaderSettings? {
    guard let count = length(of: 4) else { return nil }
    var brokers: [String] = []
    for _ in 0..<count {
      guard let broker = text() else { return nil }
      brokers.append(broker)
    }
    guard let topic = text(), let properties = texts(), let secrets = texts(),
      let starts = offsets(), let isClamped: UInt8 = number(), let few: Int32 = number()
    else { return nil }
    var settings = ReaderSettings(
      brokers: brokers, topic: topic, properties: properties, secrets: secrets)
    settings.starts = starts
    settings.isClamped = isClamped == 1
    if few >= 0 {
      var only: [Int32] = []
      for _ in 0..<few {
        guard let partition = self.count() else { return nil }
        only.append(partition)
      }
      settings.only = only
    }
    guard let milliseconds: Int32 = number() else { return nil }
    settings.timeoutMilliseconds = milliseconds
    return settings
  }
}
