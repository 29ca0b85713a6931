import CPosix
import Glibc
import Kafka

/// The process that reads the control topic for the agent. What strangers wrote is inflated and taken apart here, where a
/// limit of memory ends this process and not the agent.
package enum ReaderChild {
  /// The first word by which the program is told to be this; after it comes the agent's process id.
  package static let word = "--read-control"
  /// What it may take beyond what it has when it begins, in bytes. The bounds of `bounded` stay below.
  private static let memoryBytesMax = 96 << 20
  private static let processorSecondsMax: UInt32 = 10
  private static let descriptor: Int32 = 3
  private static let pollMilliseconds: Int32 = 100

  /// How it ends where it cannot do its work, for the agent's log.
  package enum Status: Int32 {
    case notStartedByAgent = 64
    case notConfined = 71
  }

  /// What a consumer of commands fetches at once. A broker gives a batch that is larger all the same; one that is larger
  /// than `receive.message.max.bytes` is never read.
  package static func bounded(_ properties: [String: String]) -> [String: String] {
    // Other names of the same.
    var properties = properties.filter { $0.key != "max.partition.fetch.bytes" }
    properties["fetch.message.max.bytes"] = "1048576"
    properties["fetch.max.bytes"] = "2097152"
    properties["receive.message.max.bytes"] = "16777216"
    properties["queued.max.messages.kbytes"] = "2048"
    properties["queued.min.messages"] = "1000"
    return properties
  }

  /// Never returns where the words ask for it.
  /// - Parameter words: of the command line, without the program's name.
  package static func runIfAsked(_ words: some Collection<String>) {
    guard words.first == word else { return }
    guard words.count == 2, let agent = words.dropFirst().first.flatMap({ Int32($0) }),
      isSocket
    else { _exit(Status.notStartedByAgent.rawValue) }
    vp_bound_heap()
    guard vp_confine(agent, memoryBytesMax) == 0 else { _exit(Status.notConfined.rawValue) }
    read()
    _exit(EXIT_SUCCESS)
  }

  private static var isSocket: Bool {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
  }

  /// Until the agent closes the socket.
  private static func read() {
    guard case .open(let settings) = order() else { return }
    // One of some partitions lives for a minute at most; a batch that takes as long to inflate is like one that kills.
    if settings.only != nil, vp_limit_processor(processorSecondsMax) != 0 { return }
    let consumer: Consumer
    do throws(KafkaError) {
      consumer = try open(settings)
    } catch {
      tell(.refused(error))
      return
    }
    while true {
      while isOrdered {
        guard case .countPartitions = order() else { return }
        tell(count(consumer, settings))
      }
      for error in consumer.takeErrors() { tell(.broker(error)) }
      do throws(KafkaError) {
        guard let record = try consumer.next(timeoutMilliseconds: pollMilliseconds) else {
          continue
        }
        tell(.record(partition: record.partition, offset: record.offset, value: record.value))
      } catch {
        if error.isEnd, let partition = error.partition {
          tell(.end(partition: partition))
        } else {
          tell(.error(error))
        }
      }
    }
  }

  private static func open(_ settings: ReaderSettings) throws(KafkaError) -> Consumer {
    var properties = bounded(settings.properties)
    // Tells that what is next in a partition is harmless.
    properties["enable.partition.eof"] = "true"
    if settings.only?.count == 1 {
      // One batch at a time, and none before the last was taken: what is harmless must have been told before this process
      // dies of what follows. A broker gives a whole batch, however little is asked for.
      properties["fetch.message.max.bytes"] = "1"
      properties["queued.min.messages"] = "1"
    }
    return try Consumer(
      brokers: settings.brokers, topic: settings.topic,
      starts: settings.starts.mapValues { settings.isClamped ? .offsetOrEnd($0) : .offset($0) },
      only: settings.only, properties: properties, secrets: settings.secrets,
      timeoutMilliseconds: settings.timeoutMilliseconds
    ) { count, offsets in
      tell(.opened(partitions: count, offsets: offsets))
    }
  }

  private static func count(_ consumer: Consumer, _ settings: ReaderSettings) -> ReaderNews {
    do throws(KafkaError) {
      return .partitions(
        try consumer.currentPartitionCount(
          settings.topic, timeoutMilliseconds: settings.timeoutMilliseconds))
    } catch {
      return .partitionsUnknown(consumer.explained(error))
    }
  }

  private static var isOrdered: Bool {
    var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&polled, 1, 0) > 0
  }

  /// The next order; nil at the end.
  private static func order() -> ReaderOrder? {
    guard let head = take(4) else { return nil }
    var scanner = FrameScanner(head)
    guard let count: UInt32 = scanner.number(), count <= ReaderFrame.bytesMax,
      let body = take(Int(count))
    else { return nil }
    return ReaderOrder(body)
  }

  private static func take(_ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var taken = 0
    while taken < count {
      let got = unsafe bytes.withUnsafeMutableBytes { room in
        unsafe recv(descriptor, room.baseAddress.map { unsafe $0 + taken }, count - taken, 0)
      }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { return nil }
      taken += got
    }
    return bytes
  }

  /// Waits for as long as the agent does not read.
  private static func tell(_ news: ReaderNews) {
    let frame = news.frame
    var sent = 0
    while sent < frame.count {
      let gone = unsafe frame.withUnsafeBytes { bytes in
        unsafe send(
          descriptor, bytes.baseAddress.map { unsafe $0 + sent }, frame.count - sent,
          Int32(MSG_NOSIGNAL))
      }
      if gone < 0, errno == EINTR { continue }
      // The agent is gone, or wants no more.
      guard gone > 0 else { _exit(EXIT_SUCCESS) }
      sent += gone
    }
  }
}
