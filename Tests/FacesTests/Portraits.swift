import Faces
import Foundation
import Frames
import Imaging
import TestFetching
import Testing

/// The photographs and models that `tools/portraits` and `tools/models` fetch, once for all tests.
enum Portraits {
  static let names = [
    "biden.jpg", "grace_hopper.jpg", "obama.jpg", "obama2.jpg", "obama3.jpg",
    "obama_partial_face.jpg", "obama_partial_face2.jpg",
  ]

  static let folder = Fetched.folder("portraits")
  static let models = Fetched.folder("models").map { FaceModels(folder: $0) }

  /// Tests that need them are skipped where the package registry cannot be reached.
  static var areThere: Bool { folder != nil && models != nil }

  static func jpeg(_ name: String) throws -> [UInt8] {
    let folder = try #require(folder)
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
  }

  /// A photograph, made smaller so that a debug build has done with it soon.
  static func picture(_ name: String, longestSide: Int = 640) throws -> TestImage {
    let bytes = try jpeg(name)
    let decoded = try JPEGDecoder().rgb(of: unsafe bytes.span.bytes)
    let whole = TestImage(
      width: decoded.size.width, height: decoded.size.height, rgb: decoded.pixels)
    let factor = (max(whole.width, whole.height) + longestSide - 1) / longestSide
    return whole.shrunk(by: factor)
  }
}

/// RGB without padding, and what tests do with it.
struct TestImage {
  var width: Int
  var height: Int
  var rgb: [UInt8]

  var size: FrameSize { FrameSize(width: width, height: height) }
  var rgbLayout: PixelLayout { PixelLayout(.rgb, size: size) }

  /// By the weights of BT.601, as JPEG has luma.
  var luma: [UInt8] {
    (0..<width * height).map { (i: Int) -> UInt8 in
      let red = Int(rgb[3 * i]) * 19595
      let green = Int(rgb[3 * i + 1]) * 38470
      let blue = Int(rgb[3 * i + 2]) * 7471
      return UInt8((red + green + blue + 32768) >> 16)
    }
  }

  /// The mean of each `factor` × `factor` pixels.
  func shrunk(by factor: Int) -> TestImage {
    guard factor > 1 else { return self }
    var small = TestImage(width: width / factor, height: height / factor, rgb: [])
    small.rgb.reserveCapacity(small.width * small.height * 3)
    for y in 0..<small.height {
      for x in 0..<small.width {
        for c in 0..<3 {
          var sum = 0
          for dy in 0..<factor {
            for dx in 0..<factor {
              sum += Int(rgb[((y * factor + dy) * width + x * factor + dx) * 3 + c])
            }
          }
          small.rgb.append(UInt8(sum / (factor * factor)))
        }
      }
    }
    return small
  }
}

/// Rows further apart than they are wide, with other bytes between.
func padded(_ pixels: [UInt8], row: Int, padding: Int) -> [UInt8] {
  stride(from: 0, to: pixels.count, by: row).flatMap {
    pixels[$0..<$0 + row] + [UInt8](repeating: 255, count: padding)
  }
}

extension TestImage {
  static func beside(_ left: TestImage, _ right: TestImage) -> TestImage {
    let height = max(left.height, right.height)
    var both = TestImage(width: left.width + right.width, height: height, rgb: [])
    for y in 0..<height {
      for part in [left, right] {
        let row = part.width * 3
        both.rgb +=
          y < part.height
          ? part.rgb[y * row..<(y + 1) * row] : [UInt8](repeating: 128, count: row)[...]
      }
    }
    return both
  }

  /// The part that lies within the picture.
  func cropped(x: Int, y: Int, width: Int, height: Int) -> TestImage {
    let right = min(self.width, x + width)
    let bottom = min(self.height, y + height)
    return TestImage(
      width: right - x, height: bottom - y,
      rgb: (y..<bottom).flatMap { rgb[($0 * self.width + x) * 3..<($0 * self.width + right) * 3] })
  }

  /// The mean of a square around each pixel, first along rows, then along columns.
  func blurred(radius: Int) -> TestImage {
    var image = self
    for (step, count, line, lines) in [
      (3, width, width * 3, height), (width * 3, height, 3, width),
    ] {
      let source = image.rgb
      for start in (0..<lines).map({ $0 * line }) {
        for c in 0..<3 {
          for i in 0..<count {
            let from = max(0, i - radius)
            let to = min(count - 1, i + radius)
            var sum = 0
            for j in from...to { sum += Int(source[start + j * step + c]) }
            image.rgb[start + i * step + c] = UInt8(sum / (to - from + 1))
          }
        }
      }
    }
    return image
  }
}
