/// Writes ONNX files for tests, right ones and wrong ones: nothing that it is given is checked. Written apart from the code that
/// reads them.
package struct ModelMaker {
  package enum Attribute {
    case integer(Int)
    case integers([Int])
    case float(Float)
    case text(String)
    case wholes([Int])
  }

  private var nodes: [[UInt8]] = []
  private var tensors: [[UInt8]] = []
  package var inputs: [(name: String, shape: [Int])]
  package var outputs: [(name: String, shape: [Int])]
  package var opset = 10
  /// Bytes at the end of the graph.
  package var more: [UInt8] = []

  /// - Parameters:
  ///   - side: pixels of its picture's width and height.
  package init(side: Int, classes: Int) {
    inputs = [("image", [1, 3, side, side])]
    outputs = [("out", [1, classes])]
  }

  package mutating func node(
    _ kind: String, _ inputs: [String], _ output: String,
    _ attributes: [(String, Attribute)] = [], domain: String? = nil
  ) {
    var node = inputs.flatMap { Self.field(1, $0) } + Self.field(2, output)
    node += Self.field(3, "n\(nodes.count)") + Self.field(4, kind)
    for (name, value) in attributes { node += Self.field(5, Self.attribute(name, value)) }
    if let domain { node += Self.field(7, domain) }
    nodes.append(node)
  }

  /// - Parameter values: of them as many as the shape says are wanted.
  package mutating func floats(_ name: String, _ shape: [Int], _ values: [Float]) {
    let bytes = values.flatMap { value in
      stride(from: UInt32(0), to: 32, by: 8).map {
        UInt8(truncatingIfNeeded: value.bitPattern >> $0)
      }
    }
    tensors.append(Self.tensor(name, shape, type: 1, bytes))
  }

  package mutating func wholes(_ name: String, _ values: [Int]) {
    tensors.append(Self.wholeTensor(name, values))
  }

  /// Any type that ONNX knows a number of.
  package mutating func tensor(_ name: String, _ shape: [Int], type: Int, _ bytes: [UInt8]) {
    tensors.append(Self.tensor(name, shape, type: type, bytes))
  }

  package var bytes: [UInt8] {
    var graph = nodes.flatMap { Self.field(1, $0) } + Self.field(2, "test")
    graph += tensors.flatMap { Self.field(5, $0) }
    graph += inputs.flatMap { Self.field(11, Self.port($0.name, $0.shape)) }
    graph += outputs.flatMap { Self.field(12, Self.port($0.name, $0.shape)) } + more
    return Self.field(1, 5) + Self.field(7, graph) + Self.field(8, Self.field(2, opset))
  }

  /// Tells apart whether a picture is red, green or blue.
  package static var colours: ModelMaker {
    var maker = ModelMaker(side: 8, classes: 3)
    maker.node("GlobalAveragePool", ["image"], "mean")
    maker.node("Flatten", ["mean"], "flat")
    maker.floats("matrix", [3, 3], [10, 0, 0, 0, 10, 0, 0, 0, 10])
    maker.floats("bias", [3], [0, 0, 0])
    maker.node("Gemm", ["flat", "matrix", "bias"], "out", [("transB", .integer(1))])
    return maker
  }

  // MARK: Parts

  private static func attribute(_ name: String, _ value: Attribute) -> [UInt8] {
    var attribute = field(1, name)
    switch value {
    case .integer(let number): attribute += field(3, number) + field(20, 2)
    case .integers(let numbers):
      attribute += numbers.flatMap { field(8, $0) } + field(20, 7)
    case .float(let number):
      attribute += key(2, 5)
      attribute += stride(from: UInt32(0), to: 32, by: 8).map {
        UInt8(truncatingIfNeeded: number.bitPattern >> $0)
      }
      attribute += field(20, 1)
    case .text(let text): attribute += field(4, text) + field(20, 3)
    case .wholes(let numbers): attribute += field(5, wholeTensor("", numbers)) + field(20, 4)
    }
    return attribute
  }

  private static func wholeTensor(_ name: String, _ values: [Int]) -> [UInt8] {
    let bytes = values.flatMap { value in
      stride(from: UInt64(0), to: 64, by: 8).map {
        UInt8(truncatingIfNeeded: UInt64(bitPattern: Int64(value)) >> $0)
      }
    }
    return tensor(name, [values.count], type: 7, bytes)
  }

  private static func tensor(
    _ name: String, _ shape: [Int], type: Int, _ bytes: [UInt8]
  ) -> [UInt8] {
    shape.flatMap { field(1, $0) } + field(2, type) + field(8, name) + field(9, bytes)
  }

  /// - Parameter shape: 0 is left open.
  private static func port(_ name: String, _ shape: [Int]) -> [UInt8] {
    let dimensions = shape.flatMap { field(1, $0 == 0 ? field(2, "N") : field(1, $0)) }
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, dimensions)))
  }

  // MARK: Wire format

  private static func varint(_ value: UInt64) -> [UInt8] {
    value < 0x80
      ? [UInt8(value)] : [UInt8(truncatingIfNeeded: value) | 0x80] + varint(value >> 7)
  }

  private static func key(_ number: Int, _ kind: UInt64) -> [UInt8] {
    varint(UInt64(number) << 3 | kind)
  }

  package static func field(_ number: Int, _ value: Int) -> [UInt8] {
    key(number, 0) + varint(UInt64(bitPattern: Int64(value)))
  }

  package static func field(_ number: Int, _ bytes: [UInt8]) -> [UInt8] {
    key(number, 2) + varint(UInt64(bytes.count)) + bytes
  }

  package static func field(_ number: Int, _ text: String) -> [UInt8] {
    field(number, Array(text.utf8))
  }
}
