import Analysis
import Capture
import Control
import Delivery
import Documents
import Foundation
import Frames
import Gallery
import Imaging
import Kafka
import Logging
import Meters
import Settings
import Status
import Synchronization
import Testing

@testable import Agent

/// A running agent is given another configuration: by SIGHUP and by a command alike.
@Suite(.timeLimit(.minutes(5))) struct ReconfigurerTests {
  typealias Way = RunningBox.Way

  @Test(arguments: Way.allCases)
  func `A signal and a command change whatever camera.set can`(way: Way) throws {
    let box = try RunningBox()
    #expect(box.wait { box.captured("front") > 2 && box.captured("yard") > 2 })
    box.lines["kafka"] = "{brokers: ['127.0.0.1:1'], prefix: p, topics: {clustered: off}}"
    box.lines["control"] = "{keys: '\(box.folder)/keys.d', heartbeat: off}"
    try box.write([
      "front": """
      quality: 33, scale: 32x24, masks: [16x16+0+0], publish: {rate: 7, still_rate: 1},
          colours: {lambda: 20}, thumbnails: on
      """,
      "yard": "enabled: false",
    ])
    let facts = try box.reload(way)
    var expected = try box.written()
    #expect(expected != box.agent.assembly)
    // Commands come and are answered where they were, until the next start.
    expected.control = box.agent.assembly.control
    #expect(box.agent.assembly == expected)
    if way == .command {
      #expect(
        facts["at_next_start"] == ["kafka.topics.control", "kafka.topics.results"], "\(facts)")
    }
    #expect(box.agent.events.topic == "p.events")
    #expect(
      Set(box.agent.topicCheck.topics) == [
        "p.frames", "p.thumbnails", "p.events", "p.metrics", "vedette.results",
      ])
    #expect(box.agent.meters[1].current.state == .stopped)
    // The mask is in the pictures, and they are of the new size.
    let seen = box.captured("front")
    #expect(box.wait { box.captured("front") > seen + 20 })
    let looked = try #require(box.agent.looking)
    #expect(box.wait { looked.onlooker.analysis.meters(camera: 0).analysed > 0 })
    #expect(box.agent.reconfigurer.standing.fault == nil)
    #expect(box.log.text.contains("the configuration was read again and is in force"))
  }

  @Test(arguments: Way.allCases)
  func `Both refuse a wrong file with its line, and leave all as it is`(way: Way) throws {
    let box = try RunningBox()
    let before = box.agent.assembly
    try box.write(["front": "quality: 33", "yard": "qualty: 5"])
    try box.reloadWrong(way)
    #expect(box.agent.assembly == before)
    let place = "vedette.yaml:10:"
    let fault = box.agent.reconfigurer.standing.fault
    #expect(fault?.contains(place) == true && fault?.contains("qualty") == true, "\(fault ?? "")")
    #expect(box.log.text.contains(place), "\(box.log.text)")
    #expect(box.log.text.contains("the configuration is wrong; the running one stays"))
    let seen = box.captured("front")
    #expect(box.wait { box.captured("front") > seen })
    if way == .command {
      let error = #expect(throws: CommandFailure.self) { try box.reload(way) }
      #expect(error?.description.contains(place) == true)
    }
    // What was wrong with it is over when it is right.
    try box.write(["front": "quality: 33"])
    try box.reload(way)
    #expect(box.agent.reconfigurer.standing.fault == nil)
    #expect(box.agent.assembly[camera: "front"]?.picture.quality == 33)
  }

  @Test func `What needs a restart is told each time, until it is as it was`() throws {
    let box = try RunningBox()
    let before = box.lines
    for (key, value) in [
      "node": "other", "log": "{level: debug}", "kafka": "{brokers: ['127.0.0.1:2']}",
      "delivery": "{shutdown_budget: 2 s}", "spool": "{folder: '\(box.folder)/spool'}",
      "analysis": "{gallery: '\(box.folder)/other.sqlite', workers: 1}",
      "status": "{socket: '\(box.folder)/s.sock'}",
      "control": "{keys: '\(box.folder)/keys.d', heartbeat: off, labels: {a: b}}",
    ] {
      box.lines = before
      box.lines[key] = value
      try box.write()
      for _ in 0..<2 {
        #expect(try box.reload(.command)["at_next_start"] == [.string(key)])
      }
      try box.reload(.signal)
      #expect(box.log.text.contains("is in force; at the next start: \(key)\n"))
    }
    box.lines = before
    try box.write(["gate": "quality: 5"])
    #expect(try box.reload(.command)["at_next_start"] == ["cameras"])
    // What runs is what is told of.
    #expect(box.agent.assembly[camera: "gate"] == nil)
    try box.write()
    #expect(try box.reload(.command)["at_next_start"] == nil)
  }

  @Test func `A command over the files tells the same of them`() throws {
    let box = try RunningBox()
    let patch: JSON = ["cameras": ["front": ["quality": 33, "thumbnails": "on"]]]
    #expect(try box.target.adopt(overlay: patch)["at_next_start"] == nil)
    let camera = try #require(box.agent.assembly[camera: "front"])
    #expect(camera.picture.quality == 33 && camera.plan.quality == 33 && !camera.plan.isIdle)
    // Files that are read again stay below it.
    try box.write(["front": "quality: 44, scale: 32x24"])
    try box.reload(.signal)
    let both = try #require(box.agent.assembly[camera: "front"])
    #expect(both.picture.quality == 33 && both.picture.scale?.width == 32)
  }

  @Test(arguments: Way.allCases)
  func `Both read the files that the configuration names again`(way: Way) throws {
    struct Named: Service {
      let count: Counter
      let name = "named"
      let patience = StopPatience.seconds(1)
      func start() {}
      func stop(seconds: Double) {}
      func reload() { count.value.withLock { $0 += 1 } }
    }
    final class Counter: Sendable { let value = Mutex(0) }
    let box = try RunningBox()
    let count = Counter()
    try box.agent.start([Named(count: count)])
    let commanded = try #require(box.agent.commanded)
    #expect(box.wait { commanded.view(overlay: nil).keys == 1 })
    try box.addKey()
    try box.reload(way)
    #expect(count.value.withLock { $0 } == 1)
    #expect(commanded.view(overlay: nil).keys == 2)
    // And so they do where the configuration itself is wrong.
    try box.write(["yard": "qualty: 5"])
    try box.reloadWrong(way)
    #expect(count.value.withLock { $0 } == 2)
  }

  @Test func `A box that takes no commands can be told by its files to look at pictures`() throws {
    let box = try RunningBox { $0["control"] = "off" }
    let looking = try #require(box.agent.looking)
    #expect(box.agent.analysisView == nil)
    #expect(!box.log.text.contains("cameras are looked at"))
    try box.write(["yard": "thumbnails: on"])
    try box.reload(.signal)
    #expect(box.agent.assembly == (try box.written()))
    let meters = looking.onlooker.analysis.meters(camera: 1)
    #expect(box.wait { meters.analysed > 0 })
    #expect(box.agent.analysisView?.cameras.map(\.name) == ["yard"])
    #expect(box.agent.json(box.agent.meters[1]).line.contains("\"analysis\""))
    #expect(!box.agent.json(box.agent.meters[0]).line.contains("\"analysis\""))
    // Nobody is to be named: the gallery is not touched.
    #expect(!FileManager.default.fileExists(atPath: box.folder + "/gallery.sqlite"))
    try box.write(["front": "faces: {identify: nearest}"])
    try box.reload(.signal)
    #expect(box.wait { FileManager.default.fileExists(atPath: box.folder + "/gallery.sqlite") })
    let analysed = meters.analysed
    #expect(box.agent.analysisView?.cameras.map(\.name) == ["front", "yard"])
    usleep(300_000)
    #expect(meters.analysed <= analysed + 1)
  }
}
