import Foundation
import Gallery
import TestFetching
import Testing

@testable import Agent

/// Photographs that come with a command.
@Suite struct PhotoDeskTests {
  static let models = Fetched.folder("models")
  static let portraits = Fetched.folder("portraits")

  @Test(
    .enabled(if: models != nil && portraits != nil, "the package registry cannot be reached"))
  func `A photograph is given up where the node ends`() throws {
    let photo = [UInt8](
      try Data(
        contentsOf: URL(fileURLWithPath: "\(try #require(Self.portraits))/grace_hopper.jpg")))
    let desk = PhotoDesk(models: try #require(Self.models))
    var pixels = 1 << 24
    guard case .face = desk.read(photo, &pixels) else {
      Issue.record("no face was found")
      return
    }
    desk.hurry()
    guard case .unreadable(let why) = desk.read(photo, &pixels) else {
      Issue.record("it was looked at to the end")
      return
    }
    #expect(why.contains("end early"))
  }
}
