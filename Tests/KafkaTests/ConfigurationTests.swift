import Foundation
import Kafka
import Testing

@Suite(.timeLimit(.minutes(2))) struct ConfigurationTests {
  private func failure(
    _ properties: [String: String] = [:], secrets: [String: String] = [:]
  ) -> KafkaError? {
    do throws(KafkaError) {
      _ = try Producer(brokers: ["127.0.0.1:1"], properties: properties, secrets: secrets)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [
    ("no.such.property", "1"), ("linger.ms", "soon"), ("acks", "many"),
    ("message.max.bytes", "-1"), ("compression.type", "jpeg"),
  ])
  func `A property that librdkafka does not take is named as in the configuration`(
    property: String, value: String
  ) throws {
    let error = try #require(failure([property: value]))
    #expect(error.kind == .configuration)
    #expect(error.description.hasPrefix("kafka.properties.\(property): "))
    #expect(error.description.count > "kafka.properties.\(property): ".count + 10)
  }

  @Test func `A check tells of every property that is not taken, and of no other`() {
    let errors = Producer.check(
      properties: ["no.such.property": "1", "linger.ms": "soon", "client.id": "box"],
      secrets: ["no.such.secret": "hunter2", "sasl.password": "swordfish"])
    #expect(
      errors.map { $0.description.prefix { $0 != ":" } } == [
        "kafka.properties.linger.ms", "kafka.properties.no.such.property",
        "kafka.secrets.no.such.secret",
      ])
    #expect(!errors.contains { $0.description.contains("hunter2") })
  }

  @Test(arguments: [
    (["enable.idempotence": "true", "acks": "1"], "acks"),
    (["security.protocol": "ssl", "ssl.ca.location": "/nowhere/ca.pem"], "ssl.ca.location"),
    (
      ["security.protocol": "ssl", "ssl.certificate.location": "/nowhere/me.pem"],
      "ssl.certificate.location"
    ),
    (["security.protocol": "ssl", "ssl.key.location": "/nowhere/me.key"], "ssl.key.location"),
    (["security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN"], "sasl.username"),
  ])
  func `A check tells what is wrong in properties together`(
    properties: [String: String], name: String
  ) throws {
    let error = try #require(Producer.check(properties: properties).first)
    #expect(error.kind == .configuration)
    #expect(error.description.hasPrefix("kafka.properties: "))
    #expect(error.description.contains(name))
  }

  @Test func `A check has nothing against what a producer takes`() {
    #expect(
      Producer.check(
        properties: ["security.protocol": "ssl", "linger.ms": "5", "debug": "all"],
        secrets: ["sasl.password": "hunter2"]
      ).isEmpty)
  }

  @Test func `Properties that contradict each other are an error of the configuration`() throws {
    let error = try #require(failure(["enable.idempotence": "true", "acks": "1"]))
    #expect(error.kind == .configuration)
    #expect(error.description.contains("acks"))
  }

  @Test func `A certificate that is not there is an error of the configuration`() throws {
    let error = try #require(
      failure(["security.protocol": "ssl", "ssl.ca.location": "/nowhere/ca.pem"]))
    #expect(error.kind == .configuration)
    #expect(error.description.contains("ssl.ca.location"))
  }

  @Test(arguments: [
    ["max.in.flight": "6", "enable.idempotence": "true"],
    ["request.required.acks": "1", "enable.idempotence": "true"],
  ])
  func `A property set under its second name overrides the default`(
    properties: [String: String]
  ) throws {
    // An idempotent producer allows 5 in flight and acks=all: the error shows that the value came
    // through. Dictionaries change their order from one to the next, so it is tried more than once.
    for _ in 0..<10 { #expect(failure(properties)?.kind == .configuration) }
  }

  @Test func `All that the agent presets can be overridden`() {
    #expect(
      failure(
        [
          "linger.ms": "5", "acks": "1", "max.in.flight": "5", "compression.type": "zstd",
          "client.id": "box-7", "message.timeout.ms": "30000", "batch.size": "100000",
          "sasl.mechanism": "SCRAM-SHA-256", "security.protocol": "sasl_plaintext",
          "sasl.username": "box",
        ], secrets: ["sasl.password": "hunter2"]) == nil)
  }

  @Test(arguments: ["sasl.password", "no.such.secret", "linger.ms", "ssl.key.pem", "acks"])
  func `A secret that is not taken is not shown`(property: String) {
    let secret = "hunter2-\(property.hashValue)"
    guard let error = failure(["security.protocol": "ssl"], secrets: [property: secret]) else {
      return
    }
    #expect(!"\(error)".contains(secret) && !String(reflecting: error).contains(secret))
    #expect(error.kind == .configuration)
  }

  @Test func `A secret that is not taken is named`() throws {
    let error = try #require(failure(secrets: ["no.such.secret": "hunter2"]))
    #expect(error.description.hasPrefix("kafka.secrets.no.such.secret: "))
    #expect(error.description.contains("No such configuration property"))
  }

  @Test func `A secret that librdkafka quotes is taken out of its words`() throws {
    // librdkafka quotes this property where it cannot read it; it also logs all with debug=all.
    let secret = "hunter2 is the password"
    let producer = try Producer(
      brokers: ["127.0.0.1:1"],
      properties: [
        "security.protocol": "sasl_plaintext", "sasl.mechanism": "OAUTHBEARER",
        "enable.sasl.oauthbearer.unsecure.jwt": "true", "debug": "all", "log_level": "7",
      ], secrets: ["sasl.oauthbearer.config": secret, "sasl.password": "swordfish"])
    let events = producer.events("the error did not come") { events in
      events.errors.contains { $0.kind == .refused }
    }
    #expect(events.texts.contains { $0.contains("(secret)") })
    #expect(!events.texts.contains { $0.contains("hunter2") || $0.contains("swordfish") })
  }

  @Test func `A broker whose name does not resolve is told of by name, with what to do`() throws {
    let producer = try Producer(brokers: ["kafka.invalid:9092"])
    let events = producer.events("the error did not come") { events in
      events.errors.contains { $0.name == "_RESOLVE" }
    }
    let error = try #require(events.errors.first { $0.name == "_RESOLVE" })
    #expect(error.kind == .retriable)
    #expect(error.description.contains("kafka.invalid:9092"))
    #expect(error.description.contains("kafka.brokers"))
  }

  @Test func `A broker that nobody runs is told of`() throws {
    let producer = try Producer(brokers: ["127.0.0.1:1"])
    let events = producer.events("the error did not come") { !$0.errors.isEmpty }
    #expect(events.texts.contains { $0.contains("127.0.0.1:1") })
  }
}
