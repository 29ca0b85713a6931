import Foundation
import Frames
import Testing

@testable import Faces

/// Work of dlib's that takes seconds ends within a moment where the process ends.
@Suite(.timeLimit(.minutes(2))) struct StopTests {
  private func search(_ stop: FaceStop, _ usesNew: Bool) throws -> [FoundFace] {
    var options = DetectorOptions()
    options.upsampling = 2
    let size = FrameSize(width: 2400, height: 1600)
    let pixels = (0..<size.width * size.height).map { UInt8(truncatingIfNeeded: $0 / 97 &* 7) }
    return try FaceDetector(options, usesNewInstructions: usesNew, stop: stop).faces(
      in: unsafe pixels.span.bytes, PixelLayout(.luma, size: size))
  }

  @Test(arguments: [true, false])
  func `A search that takes long ends when it is told to`(usesNew: Bool) throws {
    let stop = FaceStop()
    // Seconds before its end.
    Thread.detachNewThread {
      usleep(100_000)
      stop.set()
    }
    let error = #expect(throws: FacesError.self) { _ = try search(stop, usesNew) }
    #expect(error?.code == .cancelled)
  }

  @Test(.enabled(if: Portraits.areThere, "the package registry cannot be reached"))
  func `A face that is moved a hundred times is not encoded to the end`() throws {
    let stop = FaceStop()
    var options = EncoderOptions()
    options.jitters = 100
    let encoder = try FaceEncoder(options, models: try #require(Portraits.models), stop: stop)
    let side = FaceEncoder.chipSize
    stop.set()
    let error = #expect(throws: FacesError.self) {
      _ = try encoder.encoding(of: [UInt8](repeating: 128, count: side * side * 3))
    }
    #expect(error?.code == .cancelled)
  }

  @Test func `Whoever was told once begins nothing new`() throws {
    let stop = FaceStop()
    let engine = FaceEngine(models: FaceModels(folder: "/nowhere"), stop: stop)
    let pixels = [UInt8](repeating: 128, count: 100 * 100)
    let layout = PixelLayout(.luma, size: FrameSize(width: 100, height: 100))
    var settings = FaceSettings()
    settings.encodes = false
    #expect(
      try engine.analyse(luma: unsafe pixels.span.bytes, layout, settings: settings).faces.isEmpty)
    stop.set()
    let error = #expect(throws: FacesError.self) {
      _ = try engine.analyse(luma: unsafe pixels.span.bytes, layout, settings: settings)
    }
    #expect(error?.code == .cancelled)
  }
}
