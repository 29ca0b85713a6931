/// Writes an ONNX file of opset 10, which every library reads, of a network that was checked.
struct ONNXWriter {
  private static let opset = 10
  private static let version = 5

  private(set) var bytes: [UInt8] = []

  /// - Parameters:
  ///   - source: the file whose tensors are copied.
  static func write(_ network: CheckedNetwork, source: [UInt8]) -> [UInt8] {
    var graph = ONNXWriter()
    graph.bytes.reserveCapacity(
      network.tensors.reduce(1 << 16) { $0 + $1.byteCount + 64 })
    for step in network.steps { graph.add(1, node(step)) }
    graph.add(2, "network")
    for tensor in network.tensors { graph.add(5, self.tensor(tensor, source)) }
    graph.add(11, port(CheckedNetwork.inputName, network.input))
    graph.add(12, port(CheckedNetwork.outputName, [1, network.outputCount]))
    var opset = ONNXWriter()
    opset.add(2, Self.opset)
    var model = ONNXWriter()
    model.bytes.reserveCapacity(graph.bytes.count + 64)
    model.add(1, version)
    model.add(7, graph)
    model.add(8, opset)
    return model.bytes
  }

  private static func node(_ step: CheckedNetwork.Step) -> ONNXWriter {
    var node = ONNXWriter()
    for input in step.inputs { node.add(1, input) }
    node.add(2, step.output)
    node.add(3, step.output)
    node.add(4, step.kind)
    for (name, value) in step.attributes {
      var attribute = ONNXWriter()
      attribute.add(1, name)
      // The numbers of AttributeProto's types.
      switch value {
      case .float(let value):
        attribute.addFloat(2, value)
        attribute.add(20, 1)
      case .integer(let value):
        attribute.add(3, value)
        attribute.add(20, 2)
      case .integers(let values):
        for value in values { attribute.add(8, value) }
        attribute.add(20, 7)
      }
      node.add(5, attribute)
    }
    return node
  }

  private static func tensor(_ tensor: CheckedNetwork.Tensor, _ source: [UInt8]) -> ONNXWriter {
    var written = ONNXWriter()
    for dimension in tensor.dimensions { written.add(1, dimension) }
    written.add(2, ONNXFile.Tensor.float)
    written.add(8, tensor.name)
    written.key(9, 2)
    written.varint(UInt64(tensor.byteCount))
    if let columns = tensor.turnedColumns {
      written.addTurned(tensor.data.flatMap { source[$0] }, columns: columns)
    } else {
      for range in tensor.data { written.bytes += source[range] }
    }
    written.bytes += [UInt8](repeating: 0, count: tensor.zeroBytes)
    return written
  }

  /// A matrix of 4-byte numbers, row by row, with rows and columns exchanged.
  private mutating func addTurned(_ matrix: [UInt8], columns: Int) {
    let rows = matrix.count / 4 / columns
    for column in 0..<columns {
      for row in 0..<rows {
        let at = (row * columns + column) * 4
        bytes += matrix[at..<at + 4]
      }
    }
  }

  private static func port(_ name: String, _ dimensions: [Int]) -> ONNXWriter {
    var shape = ONNXWriter()
    for value in dimensions {
      var dimension = ONNXWriter()
      dimension.add(1, value)
      shape.add(1, dimension)
    }
    var tensor = ONNXWriter()
    tensor.add(1, ONNXFile.Tensor.float)
    tensor.add(2, shape)
    var type = ONNXWriter()
    type.add(1, tensor)
    var port = ONNXWriter()
    port.add(1, name)
    port.add(2, type)
    return port
  }

  // MARK: Wire format

  mutating func add(_ field: Int, _ value: Int) {
    key(field, 0)
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func add(_ field: Int, _ text: String) {
    key(field, 2)
    varint(UInt64(text.utf8.count))
    bytes += text.utf8
  }

  mutating func add(_ field: Int, _ message: ONNXWriter) {
    key(field, 2)
    varint(UInt64(message.bytes.count))
    bytes += message.bytes
  }

  mutating func addFloat(_ field: Int, _ value: Float) {
    key(field, 5)
    for shift in stride(from: UInt32(0), to: 32, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
    }
  }

  private mutating func key(_ field: Int, _ kind: UInt64) { varint(UInt64(field) << 3 | kind) }

  private mutating func varint(_ value: UInt64) {
    var value = value
    while value >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }
}
