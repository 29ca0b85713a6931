import Agent
import ArgumentParser
import CPosix
import Frames
import Glibc
import Imaging
import Paths

/// Pictures drawn for a demo without photographs: colour bars with a block that moves, in a folder that
/// goes when this does.
final class TestScene {
  private static let count = 30
  private static let size = FrameSize(width: 1280, height: 720)

  let folder: String
  private var files: [String] = []

  init() throws {
    let base = unsafe getenv("TMPDIR").map { unsafe String(pathPointer: $0) } ?? "/tmp"
    var template = "\(base)/vedette-demo-XXXXXX".pathBytes
    guard let made = unsafe mkdtemp(&template) else { throw Self.failure(base) }
    folder = unsafe String(pathPointer: made)
    let compressor = try Compressor(options: PictureOptions(), pool: BytePool())
    for index in 0..<Self.count {
      let jpeg = try compressor.picture(of: Self.frame(index))
      let path = "\(folder)/\(index + 100).jpg"
      files.append(path)
      guard let file = unsafe fopen(path.pathBytes, "we") else { throw Self.failure(folder) }
      let written = jpeg.bytes.withSpan {
        unsafe $0.withUnsafeBytes { unsafe fwrite($0.baseAddress, 1, $0.count, file) }
      }
      guard unsafe fclose(file) == 0, written == jpeg.bytes.count else {
        throw Self.failure(folder)
      }
    }
    ConfigurationCheck.tell("vedette demo: no photographs given; a test scene was drawn instead")
  }

  deinit {
    for file in files { unsafe vp_unlink(file) }
    unsafe vp_rmdir(folder)
  }

  private static func failure(_ folder: String) -> ExitCode {
    ConfigurationCheck.tell(
      "vedette demo: the test scene cannot be written to \(folder): \(FileFault.last); set TMPDIR to a folder with 4 MB free, or give --photographs"
    )
    return ExitCode(ExitStatus.cannotCreate)
  }

  private static func frame(_ index: Int) -> Frame {
    let bars: [(UInt8, UInt8, UInt8)] = [
      (235, 235, 235), (235, 235, 16), (16, 235, 235), (16, 235, 16), (235, 16, 235),
      (235, 16, 16), (16, 16, 235), (16, 16, 16),
    ]
    var pixels = [UInt8](repeating: 0, count: size.width * size.height * 3)
    let block = index * (size.width - 160) / (count - 1)
    for y in 0..<size.height {
      for x in 0..<size.width {
        let isBlock = (block..<block + 160).contains(x) && (280..<440).contains(y)
        let colour = isBlock ? (128, 128, 128) : bars[x * bars.count / size.width]
        let at = 3 * (y * size.width + x)
        pixels[at] = colour.0
        pixels[at + 1] = colour.1
        pixels[at + 2] = colour.2
      }
    }
    return Frame(
      copying: [pixels], layout: FrameLayout(format: .rgb24, size: size, range: .full),
      time: FrameTime(monotonic: 0, wall: 0))
  }
}
