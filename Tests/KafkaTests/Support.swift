import Foundation
import Kafka
import Synchronization
import Testing

/// Counts payloads that are alive, and tells where their bytes are.
final class Census: Sendable {
  private let made = Atomic(0)
  private let gone = Atomic(0)

  var alive: Int { made.load(ordering: .sequentiallyConsistent) - released }
  var released: Int { gone.load(ordering: .sequentiallyConsistent) }

  func enter() { made.add(1, ordering: .sequentiallyConsistent) }
  func leave() { gone.add(1, ordering: .sequentiallyConsistent) }
}

/// A payload that is counted, and whose bytes can be changed behind librdkafka's back.
@safe
final class CountedPayload: Payload, @unchecked Sendable {
  private let census: Census
  private let storage: UnsafeMutableRawBufferPointer

  init(_ bytes: [UInt8], census: Census) {
    self.census = census
    unsafe storage = .allocate(byteCount: bytes.count, alignment: 1)
    unsafe storage.copyBytes(from: bytes)
    census.enter()
  }

  deinit {
    // What librdkafka would still read would be seen as changed.
    unsafe storage.initializeMemory(as: UInt8.self, repeating: 0xDD)
    unsafe storage.deallocate()
    census.leave()
  }

  func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe body(UnsafeRawBufferPointer(storage))
  }

  func overwrite(with byte: UInt8) {
    unsafe storage.initializeMemory(as: UInt8.self, repeating: byte)
  }

  var address: Int { unsafe Int(bitPattern: storage.baseAddress) }
}

let topic = "vedette.frames"

func record(
  _ token: UInt64, _ payload: any Payload, topic: String = topic, key: String = "node/front",
  headers: [Header] = [], timestamp: Int64 = 0
) -> OutgoingRecord {
  OutgoingRecord(
    topic: topic, key: Array(key.utf8), headers: Headers(headers), timestamp: timestamp,
    payload: payload,
    token: token)
}

extension Producer {
  /// Polls until `isDone` says so of all events that came; a deadline that passes is a failed test.
  @discardableResult
  func events(
    within seconds: Double = 20, _ comment: Comment = "what was awaited did not come",
    until isDone: ([ProducerEvent]) -> Bool
  ) -> [ProducerEvent] {
    let deadline = Date().addingTimeInterval(seconds)
    var events: [ProducerEvent] = []
    while !isDone(events) {
      guard Date() < deadline else {
        Issue.record(comment)
        break
      }
      events += poll(timeoutMilliseconds: 50)
    }
    return events
  }

  /// The reports of `count` records.
  func reports(_ count: Int, within seconds: Double = 20) -> [DeliveryReport] {
    events(within: seconds, "not all reports came") { $0.reports.count >= count }.reports
  }
}

extension [ProducerEvent] {
  var reports: [DeliveryReport] {
    flatMap { event in
      if case .delivered(let reports) = event { return reports }
      return []
    }
  }

  var errors: [KafkaError] {
    compactMap { event in
      if case .error(let error) = event { return error }
      return nil
    }
  }

  /// All text that a log could show.
  var texts: [String] {
    map { event in
      switch event {
      case .error(let error): "\(error)"
      case .log(_, let facility, let message): "\(facility) \(message)"
      case .statistics(let json): json
      case .delivered(let reports): reports.compactMap { $0.error.map { "\($0)" } }.joined()
      }
    }
  }
}

extension Consumer {
  /// The next `count` records; fewer where they do not come in time.
  func records(_ count: Int, within seconds: Double = 20) -> [ConsumedRecord] {
    let deadline = Date().addingTimeInterval(seconds)
    var records: [ConsumedRecord] = []
    while records.count < count, Date() < deadline {
      if let record = poll(timeoutMilliseconds: 100) { records.append(record) }
    }
    return records
  }
}

/// Waits until `isTrue`; a deadline that passes is a failed test.
func eventually(
  within seconds: Double = 20, _ comment: Comment = "it did not come to be",
  _ isTrue: () -> Bool
) {
  let deadline = Date().addingTimeInterval(seconds)
  while !isTrue() {
    guard Date() < deadline else {
      Issue.record(comment)
      return
    }
    usleep(5000)
  }
}
