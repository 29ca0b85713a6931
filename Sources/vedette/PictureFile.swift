import Agent
import ArgumentParser
import CPosix
import Frames
import Glibc
import Imaging
import Paths

/// A picture of the user's: read from a JPEG or PNG file, written as a JPEG. What goes wrong becomes a sentence on standard
/// error and an exit code.
struct PictureFile {
  var size: FrameSize
  /// Packed RGB without padding.
  var pixels: [UInt8]

  init(_ path: String, command: String) throws {
    let bytes = try Self.bytes(path, command)
    do {
      let picture = try UprightPicture(
        decoding: bytes, by: JPEGDecoder(), within: .whole)
      (size, pixels) = (picture.size, picture.rgb)
    } catch {
      ConfigurationCheck.tell("\(command): \(path): \(error)")
      throw ExitCode(ExitStatus.dataError)
    }
  }

  private static func bytes(_ path: String, _ command: String) throws -> [UInt8] {
    do throws(FileFault) {
      return try InputFile.read(path)
    } catch {
      ConfigurationCheck.tell("\(command): \(path) \(error.sentence)")
      throw ExitCode(error.exitStatus)
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
    do throws(FileFault) {
      try OutputFile(path).write(bytes)
    } catch {
      ConfigurationCheck.tell("\(command): \(path) cannot be written: \(error)")
      throw ExitCode(ExitStatus.cannotCreate)
    }
  }
}
