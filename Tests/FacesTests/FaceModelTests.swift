import Faces
import Foundation
import Testing

@Suite(.enabled(if: Portraits.areThere, "the package registry cannot be reached"))
struct FaceModelTests {
  static let files: [FaceModels.File] = [.landmarks5, .encoder, .cnnDetector]

  /// A folder with links to the models, one of which the test replaces.
  private func folder(replacing file: FaceModels.File, by data: (Data) -> Data?) throws -> String {
    let models = try #require(Portraits.models)
    let folder = NSTemporaryDirectory() + "vedette-models-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for each in Self.files {
      let original = "\(models.folder)/\(each.name)"
      if each != file {
        try FileManager.default.createSymbolicLink(
          atPath: "\(folder)/\(each.name)", withDestinationPath: original)
      } else if let changed = data(try Data(contentsOf: URL(fileURLWithPath: original))) {
        try changed.write(to: URL(fileURLWithPath: "\(folder)/\(each.name)"))
      }
    }
    return folder
  }

  private func load(_ folder: String, _ file: FaceModels.File) throws(FacesError) {
    var settings = FaceSettings()
    if file == .cnnDetector { settings.detector.kind = .cnn }
    try FaceEngine(models: FaceModels(folder: folder)).prepare(settings)
  }

  @Test(arguments: files)
  func `A missing model is named, with what fetches it`(file: FaceModels.File) throws {
    let folder = try folder(replacing: file) { _ in nil }
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let error = try #require(throws: FacesError.self) { try load(folder, file) }
    #expect(error.code == .modelMissing)
    #expect(error.description.contains("\(folder)/\(file.name)"))
    #expect(error.description.contains("tools/models --to \(folder)"))
  }

  @Test(arguments: files, 0..<4)
  func `A damaged model is refused before dlib reads it`(file: FaceModels.File, how: Int) throws {
    let folder = try folder(replacing: file) { data in
      var data = data
      switch how {
      case 0: data = Data()
      case 1: data.removeLast()
      case 2: data.append(0)
      default: data[data.count / 2] ^= 1
      }
      return data
    }
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let error = try #require(throws: FacesError.self) { try load(folder, file) }
    #expect(error.code == .modelDamaged)
    #expect(error.description.contains("\(folder)/\(file.name)"))
    #expect(error.description.contains("tools/models"))
  }

  @Test func `A folder or a device in place of a model is refused`() throws {
    let folder = try folder(replacing: .encoder) { _ in nil }
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = "\(folder)/\(FaceModels.File.encoder.name)"
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/zero")
    #expect(throws: FacesError.self) { try load(folder, .encoder) }
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    #expect(throws: FacesError.self) { try load(folder, .encoder) }
  }
}
