import Analysers
import Frames
import Testing
import YAML

@testable import Settings

@Suite struct CameraErrorTests {
  private static let formats = PixelFormat.allCases.map(\.rawValue).joined(separator: ", ")

  private static let known =
    (["buffers", "chroma", "controls", "device", "enabled", "fit", "format", "masks"]
    + ["publish", "publish_rate", "quality", "range", "rate", "replay", "scale", "size"]
    + ["timeout", "verify"] + Analysers.names).sorted().joined(separator: ", ")

  static let keys: [Fault] = [
    .front("qualty: 80", 5, "cameras.front: there is no key \"qualty\"; did you mean \"quality\"?"),
    .front(
      "zoom: 2", 5,
      "cameras.front: there is no key \"zoom\"; known here: \(known)"
    ),
    .front(
      "faces: {detector: hag}", 23,
      "cameras.front.faces.detector: \"hag\" is not known; give one of hog, cnn"),
    .front(
      "faces: {distance: near}", 23,
      "cameras.front.faces.distance: \"near\" is no number; give a number from 0 to 2"),
    .front(
      "faces: {score: -3}", 20,
      "cameras.front.faces.score: -3 is out of range; give a number from -2 to 5"),
    .front("faces: 7", 12, "cameras.front.faces: a group of keys belongs here, not \"7\""),
    .front(
      "faces: {identfy: off}", 13,
      "cameras.front.faces: there is no key \"identfy\"; did you mean \"identify\"?"),
    .front(
      "colours: {coreset: half}", 24,
      "cameras.front.colours.coreset: \"half\" is no whole number; give a whole number from 1 to 10000000, or 'histogram' or 'exact'"
    ),
    .front(
      "colours: {lambda: 2000}", 23,
      "cameras.front.colours.lambda: 2000 is out of range; give a number from 0 to 1000"),
    .front(
      "quality: 130", 14,
      "cameras.front.quality: 130 is out of range; give a whole number from 1 to 100"),
    .front(
      "quality: -1", 14,
      "cameras.front.quality: -1 is out of range; give a whole number from 1 to 100"),
    .front(
      "quality: 99999999999999999999", 14,
      "cameras.front.quality: 99999999999999999999 is out of range; give a whole number from 1 to 100"
    ),
    .front(
      "quality: high", 14,
      "cameras.front.quality: \"high\" is no whole number; give a whole number from 1 to 100"),
    .front(
      "quality: 80.5", 14,
      "cameras.front.quality: \"80.5\" is no whole number; give a whole number from 1 to 100"),
    .front("quality: [80]", 14, "cameras.front.quality: a whole number belongs here, not a list"),
    .front("quality:", 13, "cameras.front.quality: a whole number belongs here, not nothing"),
    .front(
      "size: 1280", 11,
      "cameras.front.size: \"1280\" is no picture size; give width x height in pixels, such as 1280x720"
    ),
    .front(
      "size: 1280xx720", 11,
      "cameras.front.size: \"1280xx720\" is no picture size; give width x height in pixels, such as 1280x720"
    ),
    .front(
      "size: +1280x720", 11,
      "cameras.front.size: \"+1280x720\" is no picture size; give width x height in pixels, such as 1280x720"
    ),
    .front(
      "scale: 0x720", 12,
      "cameras.front.scale: 0x720 is out of range; give 1 to 16384 pixels for width and height"),
    .front(
      "scale: 1280x16385", 12,
      "cameras.front.scale: 1280x16385 is out of range; give 1 to 16384 pixels for width and height"
    ),
    .front(
      "rate: fast", 11,
      "cameras.front.rate: \"fast\" is no rate; give frames per second, such as 30 or 29.97"),
    .front(
      "rate: 30/0", 11,
      "cameras.front.rate: \"30/0\" is no rate; give frames per second, such as 30 or 29.97"),
    .front("rate: 0", 11, "cameras.front.rate: 0 is out of range; give 0.01 to 1000 fps"),
    .front(
      "publish: {still_rat: 1}", 15,
      "cameras.front.publish: there is no key \"still_rat\"; did you mean \"still_rate\"?"),
    .front(
      "publish: {quiet: 1}", 15,
      "cameras.front.publish: there is no key \"quiet\"; known here: before, check_rate, hold, memory, rate, still_rate"
    ),
    .front(
      "publish: {still_rate: 0}", 27,
      "cameras.front.publish.still_rate: 0 is out of range; give 0.001 to 1000 fps"),
    .front(
      "publish: {still_rate: 1, hold: 5}", 36,
      "cameras.front.publish.hold: \"5\" is no duration; a unit is missing: did you mean 5 s?"),
    .front(
      "publish: {still_rate: 1, before: 2 min}", 38,
      "cameras.front.publish.before: 2 min is out of range; give 0 s to 1 min"),
    .front(
      "publish: {still_rate: 1, memory: 4 GiB}", 38,
      "cameras.front.publish.memory: 4 GiB is out of range; give 1 MiB to 1 GiB"),
    .front("publish: 10", 14, "cameras.front.publish: a group of keys belongs here, not \"10\""),
    .front(
      "publish_rate: 1001 fps", 19,
      "cameras.front.publish_rate: 1001 fps is out of range; give 0.001 to 1000 fps"),
    .front(
      "chroma: 4:4:4", 13,
      "cameras.front.chroma: \"4:4:4\" is not known; give one of auto, 4:2:0, 4:2:2"),
    .front(
      "range: wide", 12,
      "cameras.front.range: \"wide\" is not known; give one of auto, limited, full"),
    .front(
      "verify: no", 13, "cameras.front.verify: \"no\" is not known; give one of structure, full"),
    .front(
      "fit: fill", 10,
      "cameras.front.fit: \"fill\" is not known; give one of contain, cover, stretch"),
    .front(
      "format: jpg", 13,
      "cameras.front.format: \"jpg\" is no format; give one of \(formats), or fourcc:XXXX for one that libv4l2 converts"
    ),
    .front(
      "format: fourcc:BA810", 13,
      "cameras.front.format: \"fourcc:BA810\" is no format; give one of \(formats), or fourcc:XXXX for one that libv4l2 converts"
    ),
    .front(
      "buffers: 1", 14,
      "cameras.front.buffers: 1 is out of range; give a whole number from 2 to 32"),
    .front(
      "timeout: 5", 14,
      "cameras.front.timeout: \"5\" is no duration; a unit is missing: did you mean 5 s?"),
    .front(
      "timeout: 2 h", 14, "cameras.front.timeout: 2 h is out of range; give 1 s to 1 h"),
    .front(
      "controls: [brightness]", 15,
      "cameras.front.controls: a group of keys belongs here, not a list"),
    .front(
      "controls: {gain: {a: b}}", 22,
      "cameras.front.controls.gain: text belongs here, not a group of keys"),
  ]

  static let sources: [Fault] = [
    .front("replay: /tmp", 5, "cameras.front: a camera is either a device or a replay, not both"),
    Fault(
      text: "cameras:\n  front: {quality: 80}\n", line: 2, column: 3,
      message:
        "cameras.front: where do its pictures come from? Give device: /dev/video0, or replay: with a path"
    ),
    Fault(
      text: "cameras:\n  front:\n", line: 2, column: 3,
      message:
        "cameras.front: where do its pictures come from? Give device: /dev/video0, or replay: with a path"
    ),
    Fault(
      text: "cameras: {front: {device: }}\n", line: 1, column: 27,
      message: "cameras.front.device: a device such as /dev/video0 belongs here, not nothing"),
    Fault(
      text: "cameras: {front: /dev/video0}\n", line: 1, column: 18,
      message: "cameras.front: a group of keys belongs here, not \"/dev/video0\""),
    Fault(
      text: "cameras: [{device: /dev/video0}]\n", line: 1, column: 10,
      message: "cameras: a group of keys belongs here, not a list"),
    Fault(
      text: "cameras: {'..': {device: /dev/video0}}\n", line: 1, column: 11,
      message:
        "cameras: \"..\" is no camera name; use 1 to 63 of letters, digits, '.', '_' and '-'"),
    Fault(
      text: "cameras: {a: {device: x}, a: {device: y}}\n", line: 1, column: 27,
      message: "\"a\" is here a second time; it stands in line 1 already"),
    Fault(
      text: "cameras:\n  a: {device: /dev/null}\n  b: {device: /dev/../dev/null}\n", line: 3,
      column: 15,
      message:
        "cameras.b.device: this is the device of camera \"a\" already; a device has one camera"),
    Fault(
      text: "cameras:\n  a: {device: /dev/null}\n  b: {device: 'null'}\n", line: 3, column: 15,
      message:
        "cameras.b.device: this is the device of camera \"a\" already; a device has one camera"),
    Fault(
      text: "cameras:\n  a: {device: \"HD Camera\"}\n  b: {device: HD Camera}\n", line: 3,
      column: 15,
      message:
        "cameras.b.device: this is the device of camera \"a\" already; a device has one camera"),
    Fault(
      text: "cameras: {yard: {replay: {path: /tmp/x, format: nv12}}}\n", line: 1, column: 26,
      message: "cameras.yard.replay: raw frames have no header: give their size, such as 1280x720"),
    Fault(
      text: "cameras: {yard: {replay: {loop: no}}}\n", line: 1, column: 26,
      message:
        "cameras.yard.replay: path is missing: a folder of JPEGs, an MJPEG file, or raw frames"),
    Fault(
      text: "cameras: {yard: {replay: []}}\n", line: 1, column: 26,
      message: "cameras.yard.replay: a group of keys belongs here, not a list"),
    Fault(
      text: "cameras: {yard: {replay: /tmp/x, buffers: 4}}\n", line: 1, column: 34,
      message:
        "cameras.yard.buffers: this is for a device; a replay has format, size and rate under replay:"
    ),
    .replay(
      "lop: no", 1,
      "cameras.yard.replay: there is no key \"lop\"; did you mean \"loop\"?"),
    .replay("loop: once", 7, "cameras.yard.replay.loop: \"once\" is neither true nor false"),
    .replay(
      "rate: 0.001", 7, "cameras.yard.replay.rate: 0.001 is out of range; give 0.01 to 1000 fps"),
    .replay(
      "size: big", 7,
      "cameras.yard.replay.size: \"big\" is no picture size; give width x height in pixels, such as 1280x720"
    ),
    .replay(
      "format: fourcc:BA81", 9,
      "cameras.yard.replay.format: \"fourcc:BA81\" is no format; give one of \(formats)"),
  ]

  static let masks: [Fault] = [
    .front(
      "masks: 10x10+0+0", 12,
      "cameras.front.masks: a list of rectangles belongs here, not \"10x10+0+0\""),
    .front(
      "masks: [10x10+0]", 13,
      "cameras.front.masks[0]: \"10x10+0\" is no rectangle; give WIDTHxHEIGHT+X+Y, or x, y, width and height"
    ),
    .front(
      "masks: [10x10+0+0, 10x10+-1+0]", 24,
      "cameras.front.masks[1]: \"10x10+-1+0\" is no rectangle; give WIDTHxHEIGHT+X+Y, or x, y, width and height"
    ),
    .front(
      "masks: [{x: 1, y: 1, width: 0, height: 5}]", 13,
      "cameras.front.masks[0]: a mask needs a width and a height above 0, and lies within 16384 pixels"
    ),
    .front(
      "masks: [5x0+1+1]", 13,
      "cameras.front.masks[0]: a mask needs a width and a height above 0, and lies within 16384 pixels"
    ),
    .front(
      "masks: [{y: 1, width: 5}]", 13,
      "cameras.front.masks[0]: x and height is missing; a mask has x, y, width and height"),
    .front(
      "masks: [{x: -1, y: 1, width: 5, height: 5}]", 17,
      "cameras.front.masks[0].x: -1 is out of range; give a whole number from 0 to 16384"),
    .front(
      "masks: [{x: 1, y: 1, width: 5, height: 5, hight: 5}]", 47,
      "cameras.front.masks[0]: there is no key \"hight\"; did you mean \"height\"?"),
    Fault(
      text:
        "cameras:\n  front: {device: /dev/video0, size: 640x480, masks: [1x1+0+0, 100x100+541+0]}\n",
      line: 2, column: 64,
      message: "cameras.front.masks[1]: 100x100+541+0 reaches outside the frame of 640x480"),
    Fault(
      text:
        "cameras: {a: {masks: [{x: 0, y: 1, width: 1, height: 480}], replay: {path: x, size: 640x480}}}\n",
      line: 1, column: 23,
      message: "cameras.a.masks[0]: 1x480+0+1 reaches outside the frame of 640x480"),
  ]

  @Test(arguments: keys) func `A wrong value of a camera is told with what is right`(fault: Fault) {
    fault.verify()
  }

  @Test(arguments: sources) func `A camera has one source, and that to itself`(fault: Fault) {
    fault.verify()
  }

  @Test(arguments: masks) func `A mask that would hide nothing is refused`(fault: Fault) {
    fault.verify()
  }

  @Test func `What has no effect is a warning`() throws {
    let loaded = try parsed(
      """
      cameras:
        a:
          device: x
          format: mjpeg
          quality: 50
          chroma: 4:2:0
        b: {replay: /srv, quality: 50, fit: cover}
        c: {device: y, format: yuyv, quality: 50, verify: full}
        d: {device: z, format: mjpeg, scale: 64x64, quality: 50, fit: cover}
        e: {device: w, format: mjpeg, masks: [1x1+0+0], quality: 50}
        f: {device: v, quality: 50, verify: full}
      """)
    let passed = "without effect: the camera's JPEGs are passed through as they are"
    #expect(
      loaded.warnings.map(\.description) == [
        "v.yaml:5:5: cameras.a.quality: \(passed)",
        "v.yaml:6:5: cameras.a.chroma: \(passed)",
        "v.yaml:7:21: cameras.b.quality: \(passed)",
        "v.yaml:7:34: cameras.b.fit: without effect: there is no scale",
        "v.yaml:8:45: cameras.c.verify: without effect: this camera's pictures are no JPEGs",
      ])
  }
}
