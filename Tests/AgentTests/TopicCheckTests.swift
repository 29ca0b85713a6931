import Analysers
import Settings
import Testing

@testable import Agent

/// Which topics are asked about.
@Suite struct TopicCheckTests {
  private func written(_ text: String) throws -> [String] {
    let loaded = try SettingsLoader.parse(
      Array(text.utf8), file: "v.yaml", analysers: Analysers.keys)
    return Assembly(loaded.settings).writtenTopics
  }

  @Test func `Without analysers and commands these are frames and events`() throws {
    #expect(
      try written("cameras: {front: {device: a}}") == ["vedette.frames", "vedette.events"])
  }

  @Test func `What any camera's analyser sends has its topic asked about, once`() throws {
    let text = """
      kafka: {topics: {faces: people}}
      cameras: {front: {device: a, faces: on}, back: {device: b, faces: on, thumbnails: on}}
      """
    #expect(
      try written(text) == [
        "vedette.frames", "vedette.events", "vedette.annotated", "vedette.people",
        "vedette.thumbnails",
      ])
    #expect(
      try written("cameras: {front: {device: a, colours: on}}") == [
        "vedette.frames", "vedette.events", "vedette.metrics", "vedette.clustered",
      ])
  }

  @Test func `A topic that is off is not asked about`() throws {
    let text = """
      kafka: {topics: {frames: off, clustered: off}}
      cameras: {front: {device: a, colours: on}}
      """
    #expect(try written(text) == ["vedette.events", "vedette.metrics"])
  }
}
