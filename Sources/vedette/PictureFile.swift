import Agent
import ArgumentParser
import CPosix
import Frames
import Glibc
import Imaging

/// A picture of the user's: read from a JPEG or PNG file, written as a JPEG. What goes wrong becomes a sentence on standard
/// error and an exit code.
struct PictureFile {
  var size: FrameSize
  /// Packed RGB without padding.
  var pixels: [UInt8]

  private static let bytesMax = 256 << 20

  init(_ path: String, command: String) throws {
    let bytes = try Self.bytes(path, command)
    do {
      let picture = try UprightPicture(
        decoding: bytes, by: JPEGDecoder(), pixelCountMax: JPEGDecoder.pixelCountMax)
      (size, pixels) = (picture.size, picture.rgb)
    } catch {
      ConfigurationCheck.tell("\(command): \(path): \(error)")
      throw ExitCode(ExitStatus.dataError)
    }
  }

  private static func bytes(_ path: String, _ command: String) throws -> [UInt8] {
    func fail(_ what: String) -> ExitCode {
      ConfigurationCheck.tell("\(command): \(path) \(what)")
      return ExitCode(ExitStatus.noInput)
    }
    let file = unsafe vp_open(path, O_RDONLY)
    guard file >= 0 else {
      throw fail("cannot be opened: \(unsafe String(cString: strerror(errno)))")
    }
    defer { _ = close(file) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = unsafe read(file, &part, part.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw fail("cannot be read: \(unsafe String(cString: strerror(errno)))")
      }
      guard count > 0 else { return bytes }
      bytes += part[..<count]
      guard bytes.count <= bytesMax else { throw fail("is larger than \(bytesMax >> 20) MB") }
    }
  }

  /// Writes pixels of this size as a JPEG of high quality.
  func write(_ pixels: [UInt8], to path: String, command: String) throws {
    try Self.write(try jpeg(pixels, path, command), to: path, command: command)
  }

  private func jpeg(_ pixels: [UInt8], _ path: String, _ command: String) throws -> [UInt8] {
    var options = PictureOptions()
    options.quality = 95
    do {
      let picture = try Compressor(options: options, pool: BytePool()).picture(
        of: Frame(
          copying: [pixels], layout: FrameLayout(format: .rgb24, size: size, range: .full),
          time: FrameTime(monotonic: 0, wall: 0)))
      return picture.bytes.withSpan { span in unsafe span.withUnsafeBytes { unsafe Array($0) } }
    } catch {
      ConfigurationCheck.tell("\(command): \(path): \(error)")
      throw ExitCode(ExitStatus.dataError)
    }
  }

  static func write(_ bytes: [UInt8], to path: String, command: String) throws {
    guard let file = OutputFile(path), file.write(bytes) else {
      ConfigurationCheck.tell(
        "\(command): \(path) cannot be written: \(unsafe String(cString: strerror(errno)))")
      throw ExitCode(ExitStatus.cannotCreate)
    }
  }
}
