import Journal
import Kafka
import Logging
import Meters
import Spool

/// What Delivery tells the operator of brokers and records that are not taken.
struct Complaints: Sendable {
  private let logger: Logger
  private let faults: FaultLog

  private let isSpooling: Bool

  init(logger: Logger, isSpooling: Bool) {
    self.logger = logger
    self.isSpooling = isSpooling
    faults = FaultLog(logger: logger)
  }

  func outageBegan(_ picture: DeliveryPicture) {
    let cause = picture.lastError.map { ": \($0)" } ?? ""
    let what =
      isSpooling
      ? "Frames go to the spool"
      : "Frames wait in memory; when it is full the oldest are dropped and counted"
    logger.warning("no broker acknowledges\(cause). \(what)")
  }

  func outageEnded(seconds: Double, _ picture: DeliveryPicture) {
    let tenths = Int((seconds * 10).rounded())
    logger.notice(
      """
      brokers acknowledge again after \(tenths / 10).\(tenths % 10) s; \(Self.frames(picture.waiting)) \
      \(picture.waiting == 1 ? "waits" : "wait") in memory
      """)
    faults.forget("broker ")
  }

  private static func frames(_ count: Int) -> String {
    "\(count) \(count == 1 ? "frame" : "frames")"
  }

  /// Records of one topic or partition are not taken, while others are.
  func blocked(_ standing: Standing) {
    let cause = standing.cause.map { ": \($0)" } ?? ""
    let what = isSpooling ? "wait in the spool" : "wait in memory and are the first to go"
    faults.tell(
      "blocked \(standing.topic) \(standing.key ?? "")", .error,
      "\(standing.remedy ?? "brokers do not take records for \(standing.topic)")\(cause). Its records \(what); others are sent"
    )
  }

  func unblocked(_ standing: Standing) {
    faults.forget("blocked \(standing.topic) ")
    let whose = standing.key.map { " of \($0)" } ?? ""
    logger.notice("brokers take records\(whose) for the topic \(standing.topic) again")
  }

  /// Records went for want of memory: what came was more than brokers, or the disk, took.
  func crowdedOut(_ count: Int) {
    let why =
      isSpooling
      ? "they came faster than brokers and the spool's disk took them"
      : "brokers do not take them as fast as they come, and there is no spool"
    logger.warning(
      "\(count) \(count == 1 ? "record was" : "records were") dropped, the oldest first, for delivery.memory was full: \(why)"
    )
  }

  /// - Parameter milliseconds: 0 where brokers do not throttle.
  func throttled(milliseconds: Int) {
    guard milliseconds > 0 else { return }
    faults.tell(
      "throttled", .warning,
      """
      brokers throttle this client, by \(milliseconds) ms a request: a quota (producer_byte_rate) is too \
      small for what the cameras give. Raise it, or lower rate, quality or scale
      """)
  }

  func oversize(_ record: Record, _ error: KafkaError) {
    faults.tell(
      "oversize \(record.meters.name)", .error, once: true,
      metadata: ["camera": "\(record.meters.name)"],
      """
      a frame of \(record.payloadBytes) bytes is larger than \(record.topic) takes: \(error). Such \
      frames are counted as oversize; lower the camera's quality or scale, or raise the topic's \
      max.message.bytes
      """)
  }

  func invalid(_ record: Record, _ error: KafkaError) {
    faults.tell(
      "invalid \(record.topic)", .error,
      "the broker will not take a record for \(record.topic): \(error)"
    )
  }

  func refused(_ error: KafkaError) {
    faults.tell("broker \(error.name)", .error, "the broker refuses us: \(error)")
  }

  func broker(_ error: KafkaError) {
    faults.tell("broker \(error.name)", .warning, "kafka: \(error)")
  }

  func spoolFailed(_ error: SpoolError, retrySeconds: Double) {
    faults.tell(
      "spool \(error.errno)", .error,
      """
      the spool cannot be used: \(error). Records stay in memory until it can; it is tried again \
      every \(Int(retrySeconds)) s
      """)
  }

  func spoolRecovered() {
    faults.forget("spool")
    logger.notice("the spool can be used again")
  }

  func spoolNotice(_ sentence: String) { logger.warning("spool: \(sentence)") }

  func crashed(_ gap: Gap) {
    logger.warning(
      """
      the last run did not end by itself: \(gap.count) frames of \(gap.camera), numbers \(gap.firstSequence) to \
      \(gap.lastSequence), were in memory at its end and are counted as crash; some may have arrived
      """)
  }

  func spoolLost(_ loss: SpoolLoss) {
    faults.tell(
      "spool lost \(loss.reason)", .warning,
      "\(loss.sentence(source: RecordSource(loss.source).name))")
  }

  func producerRenewed() {
    logger.warning(
      """
      the Kafka producer was replaced; what it held is sent again, and may come twice
      """)
  }

  /// Its errors also come as events, in words of ours, so that its own lines are for the curious.
  func librdkafka(level: Int, facility: String, message: String) {
    faults.tell("log \(facility)", .debug, "librdkafka \(facility): \(message)")
  }
}
