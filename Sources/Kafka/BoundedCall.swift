import CRdKafka
import Synchronization
import Threads

/// Calls of librdkafka that ask a broker and wait for its answer. Their time-outs go by the wall clock, so that they wait
/// for hours where it was set back: they are made on a thread of their own, and waited for by the monotonic clock.
enum BoundedCall {
  /// Calls that are under way, those that were given up included.
  final class Running: Sendable {
    /// At once.
    static let callsMax = 16
    fileprivate let count = Atomic(0)
  }

  /// What a call may take beyond its own time-out.
  private static let graceMilliseconds: Int32 = 500
  /// Of the process.
  private static let running = Running()

  private final class Answer<Value: Sendable>: Sendable {
    let value = Mutex<Result<Value, KafkaError>?>(nil)
    let done = EventSignal()
  }

  /// - Parameter body: keeps alive what it uses; it may go on after the time-out.
  static func run<Value: Sendable>(
    _ call: String, milliseconds: Int32, among running: Running = running,
    _ body: @escaping @Sendable () throws(KafkaError) -> Value
  ) throws(KafkaError) -> Value {
    guard running.count.load(ordering: .relaxed) < Running.callsMax else {
      throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, call: call)
    }
    let answer = Answer<Value>()
    running.count.add(1, ordering: .relaxed)
    do {
      _ = try NamedThread("kafka-ask") {
        let result: Result<Value, KafkaError>
        do throws(KafkaError) {
          result = .success(try body())
        } catch {
          result = .failure(error)
        }
        running.count.subtract(1, ordering: .relaxed)
        answer.value.withLock { $0 = result }
        answer.done.set()
      }
    } catch {
      running.count.subtract(1, ordering: .relaxed)
      throw KafkaError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, call: call, text: error.description)
    }
    answer.done.wait(milliseconds: milliseconds + graceMilliseconds)
    guard let result = answer.value.withLock({ $0 }) else {
      throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, call: call)
    }
    return try result.get()
  }
}
