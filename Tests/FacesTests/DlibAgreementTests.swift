import Faces
import Testing

/// What we find and compute is what dlib does by itself.
@Suite(.enabled(if: Portraits.areThere, "the package registry cannot be reached"))
struct DlibAgreementTests {
  @Test(arguments: Portraits.names)
  func `HOG finds the same faces in luma as dlib does, with the same scores`(name: String) throws {
    let image = try Portraits.picture(name)
    let luma = image.luma
    let reference = try Reference()
    for upsampling in 0...1 {
      for usesNew in [true, false] {
        var options = DetectorOptions()
        options.upsampling = upsampling
        // Lower than usual, so that weak ones are compared too.
        options.thresholdOffset = -0.3
        let expected = reference.hog(
          luma, image, channels: 1, upsampling: upsampling, offset: -0.3)
        let detector = try FaceDetector(options, usesNewInstructions: usesNew)
        let found = try unsafe detector.faces(
          in: luma.span.bytes, PixelLayout(.luma, size: image.size))
        #expect(found.map(\.box) == expected.map(\.box))
        for (ours, theirs) in zip(found, expected) {
          #expect(abs(ours.score - theirs.score) < 1e-3)
        }
      }
    }
  }

  @Test(arguments: Portraits.names)
  func `Encodings and landmarks are dlib's`(name: String) throws {
    let image = try Portraits.picture(name)
    let reference = try Reference()
    let encoder = try FaceEncoder(models: try #require(Portraits.models))
    let faces = reference.hog(image.rgb, image, channels: 3, upsampling: 1)
    try #require(!faces.isEmpty)
    for face in faces {
      let expected = reference.encode(image, face)
      let landmarks = try unsafe encoder.landmarks(
        of: face.box, in: image.rgb.span.bytes, image.rgbLayout)
      #expect(landmarks.points == expected.points)
      let chip = try unsafe FaceEncoder.chip(landmarks, in: image.rgb.span.bytes, image.rgbLayout)
      let numbers = try encoder.encoding(of: chip)
      #expect(euclideanDistance(numbers, expected.numbers) < 1e-4)
    }
  }

  @Test func `The CNN finds the faces that dlib's does`() throws {
    var options = DetectorOptions()
    options.kind = .cnn
    let detector = try FaceDetector(options, models: try #require(Portraits.models))
    let reference = try Reference()
    var count = 0
    for name in ["obama.jpg", "grace_hopper.jpg", "obama_partial_face.jpg"] {
      let image = try Portraits.picture(name, longestSide: 600)
      let expected = reference.cnn(image, upsampling: 0)
      let found = try unsafe detector.faces(in: image.rgb.span.bytes, image.rgbLayout)
      #expect(found.map(\.box) == expected.map(\.box))
      count += found.count
    }
    #expect(count >= 2)
  }
}
