import Foundation
import Kafka
import Meters
import Testing

@testable import Delivery

@Suite(.serialized, .timeLimit(.minutes(4))) struct DeliveryTests {
  private func code(_ name: String) throws -> Int32 {
    try #require(KafkaError.code(named: name))
  }

  /// For what must arrive once: however slow the machine is, it makes no outage.
  private static let calm = DeliveryOptions(outageAfter: 20)

  @Test func `Records are delivered in order, each once, with the number of the attempt`() throws {
    let bench = try Bench(options: Self.calm)
    bench.submit(500)
    bench.eventually { $0.delivered == 500 }
    #expect(bench.meters.latency.count == 500)
    let consumer = try Consumer(brokers: [bench.cluster.bootstrapServers], topic: Bench.topic)
    let first = try #require(consumer.poll(timeoutMilliseconds: 10_000))
    #expect(first.header("ce_attempt") == "1" && first.header("n") == "0")
    #expect(try bench.arrived() == Array(0..<500))
    let picture = bench.delivery.picture
    #expect(picture.waiting == 0 && picture.inFlight == 0 && picture.bytes == 0)
    #expect(picture.outageSince == nil && picture.lastError == nil)
  }

  @Test func `What comes in an outage waits, and arrives after it in order`() throws {
    let bench = try Bench(options: DeliveryOptions(outageAfter: 2))
    bench.submit(20)
    bench.eventually { $0.delivered == 20 }
    bench.cluster.setBroker(1, isUp: false)
    bench.submit(200)
    bench.eventually("the outage is seen") { _ in bench.delivery.picture.outageSince != nil }
    #expect(bench.delivery.picture.lastError != nil)
    bench.submit(200)
    bench.eventually { $0.inMemory + $0.inFlight == 400 && $0.inFlight <= 1 }
    bench.cluster.setBroker(1, isUp: true)
    bench.eventually { $0.delivered == 420 }
    #expect(bench.counts.droppedInAll == 0)
    #expect(bench.delivery.picture.outageSince == nil)
    #expect(firsts(try bench.arrived()) == Array(0..<420))
    #expect(bench.lines.count("no broker acknowledges") == 1)
    #expect(bench.lines.count("brokers acknowledge again") == 1)
  }

  @Test func `Outages may follow one another`() throws {
    let bench = try Bench()
    for round in 1...3 {
      bench.cluster.setBroker(1, isUp: false)
      bench.submit(50)
      bench.eventually { _ in bench.delivery.picture.outageSince != nil }
      bench.cluster.setBroker(1, isUp: true)
      bench.eventually { $0.delivered == round * 50 }
    }
    #expect(firsts(try bench.arrived()) == Array(0..<150))
  }

  @Test func `An agent may start before its broker`() throws {
    let bench = try Bench(isUp: false)
    bench.submit(30)
    bench.eventually { _ in bench.delivery.picture.outageSince != nil }
    bench.submit(30)
    bench.cluster.setBroker(1, isUp: true)
    bench.eventually { $0.delivered == 60 }
    #expect(firsts(try bench.arrived()) == Array(0..<60))
  }

  @Test func `When memory is full the oldest go, counted as quota, and the newest stay`() throws {
    let memory = 200_000
    let bench = try Bench(options: DeliveryOptions(memoryMax: memory, outageAfter: 0.5))
    bench.submit(10, bytes: 5000)
    bench.eventually { $0.delivered == 10 }
    bench.cluster.setBroker(1, isUp: false)
    bench.submit(100, bytes: 5000)
    #expect(bench.delivery.picture.bytes <= memory)
    // What was in flight is back, but for the one that is tried: all else can be given up.
    bench.eventually { $0.inFlight <= 1 && bench.delivery.picture.outageSince != nil }
    bench.submit(100, bytes: 5000)
    #expect(bench.delivery.picture.bytes <= memory)
    bench.cluster.setBroker(1, isUp: true)
    bench.eventually { $0.inMemory + $0.inFlight == 0 }
    let held = bench.counts.delivered - 10
    // The events that tell of the loss take their share of the memory.
    #expect((28...memory / (5000 + 1024)).contains(held))
    #expect(bench.counts.dropped(.quota) == 200 - held)
    #expect(bench.counts.droppedInAll == 200 - held)
    let arrived = firsts(try bench.arrived())
    #expect(arrived == arrived.sorted() && arrived.count >= 10 + held)
    // All but the one that was tried when the outage was seen are the newest.
    #expect(arrived.suffix(held - 1) == Array((210 - held + 1)..<210)[...])
  }

  @Test func `Without a spool, what was dropped is told by an event when brokers answer again`()
    throws
  {
    let told = Told()
    let bench = try Bench(
      options: DeliveryOptions(memoryMax: 100_000, outageAfter: 0.5), isUp: false, told: told)
    bench.submit(50, bytes: 5000)
    // An event is worth more than any frame, however old it is.
    bench.delivery.submit(told.record(7))
    bench.submit(50, bytes: 5000)
    bench.eventually { _ in bench.delivery.picture.outageSince != nil }
    #expect(told.count(.quota) == 0)
    bench.cluster.setBroker(1, isUp: true)
    bench.eventually { $0.delivered > 10 && $0.inMemory + $0.inFlight == 0 }
    bench.eventually { _ in told.count(.quota) == bench.counts.dropped(.quota) }
    bench.eventually { _ in told.meters.ledger.snapshot.delivered >= 2 }
    #expect(told.meters.ledger.snapshot.droppedInAll == 0)
    let consumer = try Consumer(brokers: [bench.cluster.bootstrapServers], topic: Told.topic)
    #expect(consumer.poll(timeoutMilliseconds: 10_000)?.header("n") == "7")
    #expect(consumer.poll(timeoutMilliseconds: 10_000)?.header("gap") != nil)
  }

  @Test func `A record larger than the whole memory is dropped, and no other with it`() throws {
    let bench = try Bench(options: DeliveryOptions(memoryMax: 100_000, outageAfter: 0.5))
    bench.submit(5)
    bench.eventually { $0.delivered == 5 }
    bench.submit(1, bytes: 200_000)
    bench.submit(5)
    bench.eventually { $0.delivered == 10 }
    #expect(bench.counts.dropped(.quota) == 1)
  }

  @Test func `Records that waited too long are dropped as age`() throws {
    let bench = try Bench(
      options: DeliveryOptions(outageAfter: 0.3, ageMax: 1), isUp: false)
    bench.submit(40)
    bench.eventually { $0.dropped(.age) >= 39 }
    bench.cluster.setBroker(1, isUp: true)
    // Until the connection is back, new ones grow old too.
    bench.eventually { counts in
      if counts.inMemory + counts.inFlight == 0 { bench.submit(1) }
      return counts.delivered >= 5
    }
    #expect(bench.counts.droppedInAll == bench.counts.dropped(.age))
  }

  @Test func `A frame that the broker finds too large is counted, told once, and stops nothing`()
    throws
  {
    let bench = try Bench(options: Self.calm)
    bench.submit(1)
    bench.eventually { $0.delivered == 1 }
    for round in 1...3 {
      bench.cluster.failProduce([try code("MSG_SIZE_TOO_LARGE")])
      bench.submit(1)
      bench.eventually { $0.dropped(.oversize) == round }
      bench.submit(2)
      bench.eventually { $0.delivered == 1 + 2 * round }
    }
    #expect(bench.counts.inMemory + bench.counts.inFlight + bench.counts.dead == 0)
    #expect(bench.lines.count("larger than vedette.frames takes") == 1)
    #expect(bench.delivery.picture.outageSince == nil)
    #expect(try bench.arrived() == [0, 2, 3, 5, 6, 8, 9])
  }

  @Test func `A frame larger than the client's own limit is counted the same`() throws {
    let bench = try Bench(properties: ["message.max.bytes": "20000"])
    bench.submit(2, bytes: 50_000)
    bench.submit(3)
    bench.eventually { $0.delivered == 3 && $0.dropped(.oversize) == 2 }
    #expect(bench.lines.count("larger than vedette.frames takes") == 1)
  }

  @Test func `A record that the broker will never take is dead, and those after it arrive`() throws
  {
    let bench = try Bench()
    bench.submit(1)
    bench.eventually { $0.delivered == 1 }
    bench.cluster.failProduce([try code("POLICY_VIOLATION")])
    bench.submit(1)
    bench.eventually { $0.dead == 1 }
    bench.submit(3)
    bench.eventually { $0.delivered == 4 }
    #expect(bench.lines.count("will not take a record") == 1)
  }

  @Test func `Records are held while the broker refuses us, and arrive in order after it`() throws {
    let bench = try Bench()
    bench.submit(1)
    bench.eventually { $0.delivered == 1 }
    bench.cluster.failProduce([Int32](repeating: try code("TOPIC_AUTHORIZATION_FAILED"), count: 3))
    bench.submit(50)
    bench.eventually { _ in bench.lines.count("this client may not write to the topic") > 0 }
    bench.eventually { $0.delivered == 51 }
    #expect(bench.counts.droppedInAll + bench.counts.dead == 0)
    #expect(
      bench.lines.count("this client may not write to the topic") == 1,
      "a repeated fault is told once")
    let arrived = firsts(try bench.arrived())
    #expect(arrived == Array(0..<51))
  }

  @Test func `What comes back is not overtaken by what librdkafka still holds`() throws {
    let bench = try Bench(options: Self.calm, properties: ["batch.num.messages": "1"])
    bench.submit(1)
    bench.eventually { $0.delivered == 1 }
    bench.cluster.setRoundTrip(1, milliseconds: 2000)
    // The first fails, and the second, which then is on its way already. librdkafka does not try them again.
    bench.cluster.failProduce([Int32](repeating: try code("UNKNOWN"), count: 2))
    bench.submit(10)
    bench.eventually { _ in bench.lines.count("(UNKNOWN)") > 0 }
    // Until the others have been taken back, the second must not be answered: the third would go.
    bench.eventually { $0.inFlight <= 1 }
    bench.cluster.setRoundTrip(1, milliseconds: 0)
    bench.eventually { $0.delivered == 11 }
    #expect(try bench.arrived() == Array(0..<11))
  }

  @Test func `An error that no one expects is tried again, with time between`() throws {
    let bench = try Bench()
    bench.submit(1)
    bench.eventually { $0.delivered == 1 }
    let began = Date()
    // librdkafka does not try this one again by itself.
    bench.cluster.failProduce([Int32](repeating: try code("UNKNOWN"), count: 5))
    bench.submit(1)
    bench.eventually { $0.delivered == 2 }
    #expect(Date().timeIntervalSince(began) > 0.5, "a broker that fails is not hammered")
    #expect(bench.counts.droppedInAll + bench.counts.dead == 0)
  }

  @Test func `A slow line is no outage while acknowledgements come`() throws {
    // A record takes 300 ms: the last of them waits for longer than an outage would need.
    let bench = try Bench(
      options: DeliveryOptions(outageAfter: 3), properties: ["batch.num.messages": "1"])
    bench.submit(1)
    bench.eventually { $0.delivered == 1 }
    bench.cluster.setRoundTrip(1, milliseconds: 300)
    bench.submit(16)
    bench.eventually { $0.delivered == 17 }
    #expect(bench.lines.count("no broker acknowledges") == 0)
    #expect(try bench.arrived() == Array(0..<17), "nothing was sent twice")
  }

  @Test func `A full librdkafka queue makes records wait, and loses none`() throws {
    let bench = try Bench(options: Self.calm, properties: ["queue.buffering.max.messages": "5"])
    bench.submit(300)
    bench.eventually { $0.delivered == 300 }
    #expect(bench.counts.droppedInAll == 0)
    #expect(try bench.arrived() == Array(0..<300))
    #expect(Set(try bench.attempts()) == ["1"], "what was not sent is no attempt")
  }

  @Test func `Many threads may submit`() throws {
    let bench = try Bench()
    let cameras = (0..<4).map { StreamMeters(name: "camera \($0)") }
    let delivery = bench.delivery
    DispatchQueue.concurrentPerform(iterations: 4) { camera in
      for number in 0..<250 {
        delivery.submit(Bench.record(number, bytes: 500, meters: cameras[camera]))
      }
    }
    bench.eventually { _ in cameras.allSatisfy { $0.ledger.snapshot.delivered == 250 } }
    #expect(cameras.allSatisfy { $0.ledger.snapshot.isBalanced })
  }

  @Test func `Shutdown delivers what is left and ends at once`() throws {
    let bench = try Bench()
    bench.submit(1)
    bench.eventually { $0.delivered == 1 }
    bench.submit(500)
    let began = Date()
    bench.delivery.shutdown(seconds: 20)
    #expect(Date().timeIntervalSince(began) < 10)
    #expect(bench.counts.isBalanced && bench.counts.delivered == 501)
  }

  @Test(arguments: [0, 1.5])
  func `Shutdown keeps its budget while the broker is down, and drops what is left`(
    budget: Double
  ) throws {
    let bench = try Bench(isUp: false)
    bench.submit(300)
    bench.eventually { _ in bench.delivery.picture.outageSince != nil }
    let began = Date()
    bench.delivery.shutdown(seconds: budget)
    let took = Date().timeIntervalSince(began)
    // Without a budget it would wait for ever.
    #expect(took < budget + 20 && took >= max(0, budget - 1))
    let counts = bench.counts
    #expect(counts.isBalanced && counts.dropped(.shutdown) == 300)
    #expect(counts.inMemory + counts.inFlight + counts.delivered == 0)
  }

  @Test func `What comes after shutdown is dropped as shutdown, and a second one does nothing`()
    throws
  {
    let bench = try Bench()
    bench.submit(10)
    bench.eventually { $0.delivered == 10 }
    bench.delivery.shutdown(seconds: 5)
    bench.submit(5)
    bench.delivery.shutdown(seconds: 5)
    #expect(bench.counts.isBalanced && bench.counts.dropped(.shutdown) == 5)
    #expect(bench.counts.delivered == 10)
  }

  @Test func `A producer that failed for good is replaced, and nothing is lost`() throws {
    let bench = try Bench(properties: ["enable.idempotence": "true"])
    bench.submit(10)
    bench.eventually { $0.delivered == 10 }
    bench.cluster.setRoundTrip(1, milliseconds: 200)
    bench.submit(5)
    // OUT_OF_ORDER_SEQUENCE_NUMBER, after which librdkafka takes nothing more.
    bench.delivery.producer.simulateFatal(45, reason: "a test")
    bench.submit(5)
    bench.cluster.setRoundTrip(1, milliseconds: 0)
    bench.eventually { $0.delivered == 20 }
    #expect(bench.counts.droppedInAll == 0)
    #expect(bench.lines.count("was replaced") == 1)
    #expect(Set(try bench.arrived()) == Set(0..<20))
  }

  @Test(arguments: [true, false])
  func `After the clock was set there is another producer, and all arrives in order`(
    isUp: Bool
  ) throws {
    let bench = try Bench(options: isUp ? Self.calm : DeliveryOptions(outageAfter: 0.5))
    bench.submit(10)
    bench.eventually { $0.delivered == 10 }
    if !isUp { bench.cluster.setBroker(1, isUp: false) }
    bench.submit(10)
    if !isUp { bench.eventually { _ in bench.delivery.picture.outageSince != nil } }
    let old = bench.delivery.producer
    bench.delivery.renewConnections()
    bench.eventually { _ in bench.lines.count("was replaced") == 1 }
    #expect(bench.delivery.producer !== old)
    bench.submit(10)
    bench.cluster.setBroker(1, isUp: true)
    bench.eventually { $0.delivered == 30 }
    #expect(bench.counts.droppedInAll == 0)
    #expect(firsts(try bench.arrived()) == Array(0..<30))
  }

  @Test func `The polling thread shows that it is alive`() throws {
    let bench = try Bench(isUp: false)
    bench.submit(10)
    // The first turn waits until the topic was asked for.
    bench.eventually { _ in bench.delivery.secondsSinceTurn < 0.5 }
  }

  @Test func `A refusal and an acknowledgement in one batch are both booked`() throws {
    let producer = try Producer(brokers: ["127.0.0.1:1"])
    let lines = Lines()
    let meters = StreamMeters(name: "front")
    let delivery = Delivery(
      producer: producer, options: DeliveryOptions(), logger: lines.logger)
    delivery.submit(Bench.record(0, bytes: 10, meters: meters))
    delivery.submit(Bench.record(1, bytes: 10, meters: meters))
    let refusal: KafkaError? = {
      do throws(KafkaError) {
        _ = try Producer(brokers: [], properties: ["no.such": "1"])
        return nil
      } catch { return error }
    }()
    var reports: [DeliveryReport] = []
    producer.purge()
    while reports.count < 2 {
      for case .delivered(let some) in producer.poll(timeoutMilliseconds: 100) { reports += some }
    }
    for index in reports.indices {
      reports[index].error = reports[index].token == 1 ? refusal : nil
    }
    reports.sort { $0.token < $1.token }
    delivery.handle(.delivered(reports))
    let counts = meters.ledger.snapshot
    #expect(counts.isBalanced && counts.delivered == 1 && counts.inMemory == 1)
  }
}
