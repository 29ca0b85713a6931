import CInference
import Paths
import YAML

/// A classifier that is loaded, with its description and the names of its classes. One thread at a time; each worker has one
/// of its own. It computes in the thread that calls.
@safe
package final class Network {
  /// The name of the model's file, without `.onnx`: goes with all that it says.
  package let identity: String
  package let description: NetworkDescription
  package let classes: ClassNames
  /// The library that runs it, such as `OpenCV 4.6.0`.
  package let library: String
  /// What it takes.
  let input: vn_input
  private let engine: Engine
  private let handle: OpaquePointer

  /// Reads a model's file, and what is beside it.
  package convenience init(model path: String) throws(InferenceError) {
    // Before its list of classes, which is missing with it.
    do throws(FileFault) { _ = try OpenFile(path) } catch { throw Self.fault(error, path) }
    let description = try NetworkDescription(beside: path)
    let classes = try ClassNames(path: description.classes)
    try self.init(try Self.check(path, description), path, description, classes)
  }

  /// - Parameters:
  ///   - bytes: of the model's file.
  ///   - path: by which errors call it.
  package convenience init(
    _ bytes: [UInt8], path: String, _ description: NetworkDescription, _ classes: ClassNames
  ) throws(InferenceError) {
    try self.init(try CheckedModel(bytes, path, description), path, description, classes)
  }

  private init(
    _ checked: CheckedModel, _ path: String, _ description: NetworkDescription,
    _ classes: ClassNames
  ) throws(InferenceError) {
    guard checked.outputCount == classes.names.count else {
      throw InferenceError(
        .modelUnsuitable,
        "the model \(path) tells \(checked.outputCount) classes apart, and \(description.classes) names \(classes.names.count): give it the list of its own classes, one a line"
      )
    }
    let name = path.split(separator: "/").last.map(String.init) ?? path
    identity = name.hasSuffix(".onnx") ? String(name.dropLast(5)) : name
    self.description = description
    self.classes = classes
    engine = try Engine()
    library = engine.name
    input = checked.input
    unsafe handle = try unsafe Self.load(checked, engine, "the model \(path)")
  }

  deinit { unsafe engine.functions.pointee.free(handle) }

  /// Why its file cannot be read, and what to do.
  private static func fault(_ error: FileFault, _ path: String) -> InferenceError {
    if error.isDenied {
      return InferenceError(
        .denied,
        "the model \(path) cannot be opened: permission denied; run this as root or as the agent's user"
      )
    }
    if error.isTooLarge {
      return InferenceError(
        .modelUnsuitable,
        "the model \(path) is larger than \(ONNXFile.bytesMax >> 20) MiB, more than is loaded: take a smaller network"
      )
    }
    return InferenceError(
      .modelMissing,
      "the model \(path) cannot be opened (\(error)): run 'tools/models --labels --to FOLDER', or correct the path"
    )
  }

  /// Reads and checks a file; its own bytes are gone when this returns.
  private static func check(
    _ path: String, _ description: NetworkDescription
  ) throws(InferenceError) -> CheckedModel {
    let bytes: [UInt8]
    do throws(FileFault) {
      bytes = try WholeFile.read(path, bytesMax: ONNXFile.bytesMax)
    } catch {
      throw fault(error, path)
    }
    return try CheckedModel(bytes, path, description)
  }

  /// Has the library read a model.
  private static func load(
    _ checked: CheckedModel, _ engine: Engine, _ name: String
  ) throws(InferenceError) -> OpaquePointer {
    var error = vn_error()
    var input = checked.input
    var made: OpaquePointer?
    let status = unsafe checked.bytes.withUnsafeBufferPointer { bytes in
      unsafe engine.functions.pointee.load(
        bytes.baseAddress, bytes.count, &input, checked.outputCount, &made, &error)
    }
    guard status == Int32(VN_OK), let made = unsafe made else {
      guard status != Int32(VN_MEMORY) else {
        throw InferenceError(.internalFailure, "\(name) could not be loaded: out of memory")
      }
      throw InferenceError(
        .modelUnsuitable,
        "\(name) was refused by \(engine.name) (\(error.text)): export it in another way")
    }
    return unsafe made
  }

  /// Has the library compute.
  private static func run(
    _ handle: OpaquePointer, _ engine: Engine, _ input: [Float], outputs: Int
  ) throws(InferenceError) -> [Float] {
    var error = vn_error()
    var numbers = [Float](repeating: 0, count: outputs)
    let status = unsafe input.withUnsafeBufferPointer { input in
      unsafe numbers.withUnsafeMutableBufferPointer { numbers in
        unsafe engine.functions.pointee.run(handle, input.baseAddress, numbers.baseAddress, &error)
      }
    }
    guard status == Int32(VN_OK) else {
      throw InferenceError(
        .internalFailure, "\(engine.name) could not run the network: \(error.text)")
    }
    return numbers
  }

  /// The confidence of each class, in the order of their list, for a picture that was prepared.
  package func confidences(_ prepared: PreparedPicture) throws(InferenceError) -> [Float] {
    guard prepared.numbers.count == Int(input.channels * input.height * input.width) else {
      throw InferenceError(
        .badInput, "the picture was prepared for another network than \(identity)")
    }
    let numbers = try unsafe Self.run(
      handle, engine, prepared.numbers, outputs: classes.names.count)
    guard numbers.allSatisfy(\.isFinite) else {
      throw InferenceError(
        .modelDamaged, "the network \(identity) computes what is no number: its file is damaged")
    }
    return description.output == .logits ? Confidence.softmax(numbers) : numbers
  }

  /// What a picture shows, the surest first.
  package func labels(
    _ prepared: PreparedPicture, top: Int
  ) throws(InferenceError) -> [Label] {
    Confidence.top(try confidences(prepared), top, classes.names)
  }
}

/// A model whose network was checked, as it is given to a library.
struct CheckedModel {
  /// An ONNX file, written of what is known of the network.
  let bytes: [UInt8]
  let input: vn_input
  let outputCount: Int

  /// - Parameter path: by which errors call it.
  init(
    _ file: [UInt8], _ path: String, _ description: NetworkDescription
  ) throws(InferenceError) {
    let parsed: ONNXFile
    do throws(ONNXFile.Malformed) {
      parsed = try ONNXFile(file)
    } catch {
      throw InferenceError(
        .modelDamaged, "the model \(path) is damaged, or no ONNX file: fetch or export it again")
    }
    let network: CheckedNetwork
    do throws(Unsuitable) {
      network = try NetworkChecker.check(
        parsed, size: description.size.map { ($0.width, $0.height) },
        channels: description.channels == .grey ? 1 : 3)
    } catch {
      throw InferenceError(
        .modelUnsuitable, "the model \(path) cannot be used: \(error.reason)")
    }
    bytes = ONNXWriter.write(network, source: file)
    input = vn_input(
      channels: Int32(network.input[1]), height: Int32(network.input[2]),
      width: Int32(network.input[3]))
    outputCount = network.outputCount
  }
}
