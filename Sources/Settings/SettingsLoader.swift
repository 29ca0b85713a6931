import Glibc

/// Reads /etc/vedette/vedette.yaml and conf.d beside it.
package enum SettingsLoader {
  package static let defaultPath = "/etc/vedette/vedette.yaml"

  /// Reads `path` and, in the order of their names, `conf.d/*.yaml` in its folder: groups of keys are
  /// joined, later values replace earlier ones.
  /// - Throws: all errors found, each with file and line.
  package static func load(path: String) throws(SettingsError) -> LoadedSettings {
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    var root = try document(path)
    for file in try fragments("\(folder)/conf.d") { root.merge(try document(file)) }
    return try decode(root, folder: folder)
  }

  /// Checks a configuration that is no file.
  /// - Parameter file: what errors call it.
  package static func parse(
    _ text: [UInt8], file: String, folder: String = "."
  ) throws(SettingsError) -> LoadedSettings {
    let empty = YAMLNode(
      content: .mapping([]), place: YAMLNode.Place(file: file, line: 1, column: 1))
    return try decode(try YAMLParser.parse(text, file: file) ?? empty, folder: folder)
  }

  private static func decode(
    _ root: YAMLNode, folder: String
  ) throws(SettingsError) -> LoadedSettings {
    var decoder = SettingsDecoder(folder: folder)
    let settings = decoder.settings(root, hostName: hostName())
    decoder.checkDevices(settings)
    guard decoder.reader.errors.isEmpty else {
      throw SettingsError(diagnostics: decoder.reader.errors)
    }
    return LoadedSettings(settings: settings, warnings: decoder.reader.warnings)
  }

  private static func document(_ path: String) throws(SettingsError) -> YAMLNode {
    let bytes = try read(path)
    return try YAMLParser.parse(bytes, file: path)
      ?? YAMLNode(content: .mapping([]), place: YAMLNode.Place(file: path, line: 1, column: 1))
  }

  private static func fragments(_ folder: String) throws(SettingsError) -> [String] {
    guard let handle = unsafe opendir(folder) else {
      if errno == ENOENT { return [] }
      throw failure(folder, "cannot be read")
    }
    defer { unsafe closedir(handle) }
    var names: [String] = []
    while let entry = unsafe readdir(handle) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name.hasSuffix(".yaml"), !name.hasPrefix(".") { names.append("\(folder)/\(name)") }
    }
    return names.sorted()
  }

  /// The bytes of a file of at most one byte more than a configuration may have.
  private static func read(_ path: String) throws(SettingsError) -> [UInt8] {
    guard let file = unsafe fopen(path, "re") else { throw failure(path, "cannot be opened") }
    defer { unsafe fclose(file) }
    var bytes = [UInt8](repeating: 0, count: YAMLParser.bytesMax + 1)
    let count = unsafe fread(&bytes, 1, bytes.count, file)
    guard unsafe ferror(file) == 0 else { throw failure(path, "cannot be read") }
    bytes.removeSubrange(count...)
    return bytes
  }

  private static func failure(_ path: String, _ what: String) -> SettingsError {
    let reason = unsafe String(cString: strerror(errno))
    return SettingsError(diagnostics: [
      Diagnostic(file: path, line: 1, column: 1, message: "\(what): \(reason)")
    ])
  }

  /// This host's name, made fit for a node's name.
  private static func hostName() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return "vedette" }
    let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    let name = String(decoding: bytes, as: UTF8.self)
      .map { SettingsDecoder.isName(String($0)) ? $0 : "-" }
    return name.isEmpty ? "vedette" : String(name.prefix(63))
  }
}

extension SettingsDecoder {
  /// Two cameras must not be one device, by whichever of its names.
  mutating func checkDevices(_ settings: Settings) {
    var owners: [String: String] = [:]
    for camera in settings.cameras {
      guard case .device(let device) = camera.source else { continue }
      let resolved = Self.resolvedPath(device.device)
      if let owner = owners[resolved], let place = cameraPlaces[camera.name] {
        reader.fail(
          place, "cameras.\(camera.name)",
          "\(device.device) is the device of camera \"\(owner)\" already; a device has one camera")
      }
      owners[resolved] = camera.name
    }
  }

  private static func resolvedPath(_ device: String) -> String {
    for path in [device, "/dev/v4l/by-id/\(device)", "/dev/v4l/by-path/\(device)"] {
      guard let real = unsafe realpath(path, nil) else { continue }
      defer { unsafe free(real) }
      return unsafe String(cString: real)
    }
    return device
  }
}
