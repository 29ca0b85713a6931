import CPosix
import Glibc
package import Keys
import Paths
import YAML

/// Reads /etc/vedette/vedette.yaml and conf.d beside it.
package enum SettingsLoader {
  package static let defaultPath = "/etc/vedette/vedette.yaml"
  package static let defaultSpoolFolder = "/var/lib/vedette/spool"
  package static let defaultStatusSocket = "/run/vedette/vedette.sock"
  private static let fragmentsMax = 256

  /// Reads `path` and, in the order of their names, `conf.d/*.yaml` and `*.yml` in its folder: groups of keys are
  /// joined, later values replace earlier ones. Of what else lies there backups are warned of, and the rest is an error.
  /// - Throws: all errors found, each with file and line.
  /// - Parameter analysers: what may be done about cameras' pictures.
  package static func load(
    path: String, analysers: [KeyTable] = []
  ) throws(SettingsError) -> LoadedSettings {
    try parse(try files(path: path), analysers: analysers)
  }

  /// The files of a configuration, as they were at one moment.
  package struct Files: Sendable {
    package var texts: [(name: String, text: [UInt8])]
    /// What is to be said of the files themselves.
    var warnings: [Diagnostic]
    /// Where relative paths begin.
    var folder: String
  }

  /// Reads the files that `load` reads.
  package static func files(path: String) throws(SettingsError) -> Files {
    let (texts, warnings) = try read(path: path)
    return Files(texts: texts, warnings: warnings, folder: folder(of: path))
  }

  /// Checks a configuration that was read.
  /// - Parameter overlay: laid over the files, as one more of them; what errors call it, and its text.
  package static func parse(
    _ files: Files, overlay: (name: String, text: [UInt8])? = nil, analysers: [KeyTable] = []
  ) throws(SettingsError) -> LoadedSettings {
    var loaded = try parse(
      files.texts + (overlay.map { [$0] } ?? []), folder: files.folder, analysers: analysers)
    loaded.warnings += files.warnings
    return loaded
  }

  private static func read(
    path: String
  ) throws(SettingsError) -> (files: [(name: String, text: [UInt8])], warnings: [Diagnostic]) {
    var files = [(name: path, text: try read(path))]
    let (names, warnings) = try fragments("\(folder(of: path))/conf.d")
    for name in names { files.append((name, try read(name))) }
    let loose = ([path, "\(folder(of: path))/conf.d"] + names).compactMap(looseness)
    return (files, warnings + loose)
  }

  /// What to say of a file or folder that everybody on this box could change.
  private static func looseness(_ path: String) -> Diagnostic? {
    SettingsDecoder.isLoose(path)
      ? Diagnostic(
        file: path, line: 1, column: 1,
        message:
          "everybody on this box can change it, and with it what the agent does; chmod o-w it")
      : nil
  }

  private static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }

  /// Checks a configuration that is no file.
  /// - Parameters:
  ///   - file: what errors call it.
  ///   - folder: where its relative paths begin.
  package static func parse(
    _ text: [UInt8], file: String, folder: String = ".", analysers: [KeyTable] = []
  ) throws(SettingsError) -> LoadedSettings {
    try parse([(file, text)], folder: folder, analysers: analysers)
  }

  /// Checks a configuration of several files, each laid over those before it.
  package static func parse(
    _ files: [(name: String, text: [UInt8])], folder: String, analysers: [KeyTable] = []
  ) throws(SettingsError) -> LoadedSettings {
    var root = YAMLNode(
      content: .mapping([]),
      place: YAMLNode.Place(file: files.first?.name ?? "", line: 1, column: 1))
    var errors: [Diagnostic] = []
    var isReadable = true
    for file in files {
      do throws(YAMLError) {
        let document = try YAMLParser.parse(file.text, file: file.name)
        errors += document.errors
        if let value = document.value { root.merge(value) }
      } catch {
        errors += error.diagnostics
        isReadable = false
      }
    }
    // What a file that is no YAML would have said is not known: judging the rest could only mislead.
    guard isReadable else { throw SettingsError(diagnostics: errors) }
    var decoder = SettingsDecoder(folder: folder, analysers: analysers, errors: errors)
    let settings = decoder.settings(root, hostName: hostName())
    decoder.checkDevices(settings)
    let order = files.map(\.name)
    guard decoder.reader.errors.isEmpty else {
      throw SettingsError(diagnostics: sorted(decoder.reader.errors, order))
    }
    return LoadedSettings(
      settings: settings, warnings: sorted(decoder.reader.warnings, order))
  }

  /// As they stand in the files.
  private static func sorted(_ diagnostics: [Diagnostic], _ files: [String]) -> [Diagnostic] {
    diagnostics.map { (files.firstIndex(of: $0.file) ?? 0, $0) }
      .sorted { ($0.0, $0.1.line, $0.1.column) < ($1.0, $1.1.line, $1.1.column) }
      .map(\.1)
  }

  /// - Returns: the files to read, in their order, and what to say of those that are not.
  private static func fragments(
    _ folder: String
  ) throws(SettingsError) -> (names: [String], warnings: [Diagnostic]) {
    guard let found = FolderNames.list(folder) else {
      let fault = FileFault.last
      if fault.code == ENOENT { return ([], []) }
      throw failure(folder, "cannot be read", fault)
    }
    var names: [String] = []
    var warnings: [Diagnostic] = []
    var errors: [Diagnostic] = []
    for name in found {
      let path = "\(folder)/\(name)"
      switch Fragment(name) {
      case .configuration: names.append(path)
      case .leftover where warnings.count < NodeReader.diagnosticsMax:
        warnings.append(
          Diagnostic(
            file: path, line: 1, column: 1,
            message: "not read: a hidden file, a backup or a README is no configuration"))
      case .stranger where errors.count < NodeReader.diagnosticsMax:
        errors.append(
          Diagnostic(
            file: path, line: 1, column: 1,
            message:
              "not read, since it does not end with .yaml or .yml: rename it, or move it elsewhere")
        )
      case .leftover, .stranger: break
      }
    }
    guard errors.isEmpty else {
      throw SettingsError(diagnostics: errors.sorted { $0.file < $1.file })
    }
    guard names.count <= fragmentsMax else {
      throw SettingsError(diagnostics: [
        Diagnostic(
          file: folder, line: 1, column: 1,
          message: "\(names.count) files are more than the \(fragmentsMax) that are read")
      ])
    }
    return (names.sorted(), warnings.sorted { $0.file < $1.file })
  }

  /// What a file in conf.d is, by its name.
  private enum Fragment {
    case configuration
    /// Of editors, of dpkg and rpm, and what is there to be read by people.
    case leftover
    /// Somebody may think that it is read.
    case stranger

    init(_ name: String) {
      let name = name.lowercased()
      // What ends like a configuration is one, be it called README.yaml: somebody may think that it is read.
      let isHidden = name.hasPrefix(".") || name.hasPrefix("#")
      if !isHidden, name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
        self = .configuration
      } else if isHidden || name.hasPrefix("readme") || name.contains(".dpkg-")
        || name.contains(".ucf-")
        || ["~", ".swp", ".bak", ".old", ".orig", ".rej", ".rpmnew", ".rpmsave", ".save"]
          .contains(where: { name.hasSuffix($0) })
      {
        self = .leftover
      } else {
        self = .stranger
      }
    }
  }

  /// The bytes of a file of at most one byte more than a configuration may have.
  private static func read(_ path: String) throws(SettingsError) -> [UInt8] {
    let file: OpenFile
    do throws(FileFault) {
      file = try OpenFile(path)
    } catch {
      throw failure(path, "cannot be opened", error)
    }
    do throws(FileFault) {
      return try file.readPrefix(bytesMax: YAMLParser.bytesMax + 1)
    } catch {
      throw failure(path, "cannot be read", error)
    }
  }

  private static func failure(
    _ path: String, _ what: String, _ fault: FileFault
  ) -> SettingsError {
    SettingsError(
      diagnostics: [Diagnostic(file: path, line: 1, column: 1, message: "\(what): \(fault)")],
      isTemporary: fault.isTemporary)
  }

  /// This host's name, made fit for a node's name.
  private static func hostName() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return "vedette" }
    let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    let name = String(decoding: bytes, as: UTF8.self)
      .map { $0.utf8.allSatisfy(SettingsDecoder.isNameByte) ? $0 : "-" }.prefix(63)
    return SettingsDecoder.isName(String(name)) ? String(name) : "vedette"
  }
}

extension DeviceSettings {
  /// The node that it names now; as it is written where there is none.
  package var resolvedPath: String { SettingsDecoder.resolvedPath(device) }
}

extension SettingsDecoder {
  /// Two cameras must not be one device, by whichever of its names.
  mutating func checkDevices(_ settings: Settings) {
    var owners: [String: String] = [:]
    for camera in settings.cameras {
      guard case .device(let device) = camera.source else { continue }
      let resolved = Self.resolvedPath(device.device)
      if let owner = owners[resolved], let place = devicePlaces[camera.name] {
        reader.fail(
          place, "cameras.\(camera.name).device",
          "this is the device of camera \"\(owner)\" already; a device has one camera")
      }
      owners[resolved] = owners[resolved] ?? camera.name
    }
  }

  fileprivate static func resolvedPath(_ device: String) -> String {
    // In the order in which Capture looks for it.
    let folders = ["/dev/v4l/by-id", "/dev/v4l/by-path", "/dev"]
    for path in device.hasPrefix("/") ? [device] : folders.map({ "\($0)/\(device)" }) {
      if let real = FolderNames.real(path) { return real }
    }
    return device
  }
}
