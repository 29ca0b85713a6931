import Settings
import Analysers
import FaceAnalyser
import Testing

@Suite struct ControlSettingsTests {
  private func load(_ control: String) throws(SettingsError) -> LoadedSettings {
    try SettingsLoader.parse(
      Array("\(control)\ncameras: {front: {device: /dev/video0}}\n".utf8), file: "a.yaml",
      folder: "/etc/v")
  }

  @Test func `Nobody commands a box whose configuration does not say so`() throws {
    #expect(try load("").settings.control == nil)
    #expect(try load("control: off").settings.control == nil)
    #expect(try load("control: on").settings.control == ControlSettings())
    #expect(try load("control: {}").settings.control == ControlSettings())
  }

  @Test func `All of it can be set`() throws {
    let loaded = try load(
      """
      control: {keys: keys, labels: {site: hanoi}, freeze_after: 5 min, heartbeat: off, allow_unsigned: true}
      """)
    var expected = ControlSettings()
    expected.keys = "/etc/v/keys"
    expected.labels = ["site": "hanoi"]
    expected.freezeAfter = 300
    expected.heartbeat = nil
    expected.allowUnsigned = true
    #expect(loaded.settings.control == expected)
    #expect(loaded.warnings.count == 1)
  }

  @Test(arguments: [
    "control: {label: {}}", "control: {labels: {site: 'a b'}}", "control: 5",
    "control: {freeze_after: 5}", "control: {allow_unsigned: maybe}", "control: {heartbeat: 1 ms}",
  ])
  func `What is wrong is told`(_ text: String) {
    #expect(throws: SettingsError.self) { try load(text) }
  }

  @Test func `JSON from the topic lies over the files`() throws {
    let files = [
      (
        "a.yaml",
        Array("cameras: {front: {device: /dev/video0, quality: 60, faces: {distance: 0.5}}}".utf8)
      ),
      (
        "control",
        Array(
          #"{"cameras":{"front":{"enabled":false,"faces":"off","quality":70.0,"publish_rate":2.5}},"kafka":{"topics":{"frames":"off"}}}"#
            .replacing("70.0", with: "70").utf8)
      ),
    ]
    let settings = try SettingsLoader.parse(
      files.map { (name: $0.0, text: $0.1) }, folder: "/", analysers: Analysers.keys
    ).settings
    let camera = try #require(settings.cameras.first)
    #expect(camera.enabled == false)
    #expect(camera.quality == 70)
    #expect(camera.publish.rate == 2.5)
    #expect(camera[FaceOptions.self] == nil)
    #expect(settings.kafka.name(of: .frames) == nil)
  }
}
