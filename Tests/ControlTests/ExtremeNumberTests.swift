import Documents
import Gallery
import Testing

@testable import Control

/// Numbers that a broker or a file may say, and no node has counted up to.
@Suite("Numbers from outside", .timeLimit(.minutes(2))) struct ExtremeNumberTests {
  @Test(
    "an offset may be any, and the next command is obeyed",
    arguments: [.max, .min, -1, 1 << 61] as [Int64])
  func offsets(offset: Int64) throws {
    let box = try Box()
    let bytes = try box.signed(box.envelope(["type": "ping"], id: "far"))
    try box.desk.handle(partition: 7, offset: offset, value: bytes)
    try box.command(["type": "ping"], id: "next")
    #expect(box.sink.states("next") == [.accepted, .succeeded])
    try box.restart()
    try box.command(["type": "ping"], id: "later")
    #expect(box.sink.states("later") == [.accepted, .succeeded])
  }

  @Test(
    "what the file says of itself is believed as far as it can be so",
    arguments: ["9223372036854775807", "-9223372036854775808", "99999999999999999999", "", "x"])
  func states(number: String) throws {
    let box = try Box()
    try box.gallery.transaction { edit throws(GalleryError) in
      for key in ["offset/vedette.control/0", "latest", "floor", "heard", "number"] {
        try edit.setState("control/\(key)", Array(number.utf8))
      }
    }
    try box.restart()
    try box.command(["type": "ping"], id: "next")
    #expect(box.sink.states("next") == [.accepted, .succeeded])
  }
}
