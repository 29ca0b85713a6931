/// What an ONNX file holds, as it stands there: bounded in number and size, and otherwise not judged.
struct ONNXFile {
  struct Tensor {
    /// TensorProto's numbers of types.
    static let float = 1
    static let int64 = 7

    var name = ""
    var dimensions: [Int] = []
    var type = 0
    /// Its numbers, little-endian, where they stand in the file.
    var data: [Range<Int>] = []
    /// The numbers of a small tensor of whole ones: a shape, or axes.
    var whole: [Int] = []
    /// The number of a tensor with one float.
    var scalar: Float?
    var isElsewhere = false
  }

  struct Attribute {
    var float: Float?
    var integer: Int?
    var text: String?
    var integers: [Int] = []
    var tensor: Tensor?
    var isGraph = false
  }

  struct Node {
    var name = ""
    var kind = ""
    var domain = ""
    var inputs: [String] = []
    var outputs: [String] = []
    var attributes: [String: Attribute] = [:]
  }

  /// An input or output of the network.
  struct Port {
    var name = ""
    var type = 0
    /// Nil where the file leaves it open; nil as a whole where it tells none.
    var dimensions: [Int?]?
  }

  var opset: Int?
  var domains: [String] = []
  var nodes: [Node] = []
  var tensors: [Tensor] = []
  var inputs: [Port] = []
  var outputs: [Port] = []
  var hasSparseTensors = false

  static let bytesMax = 256 << 20
  static let nodesMax = 4096
  static let tensorsMax = 16_384
  private static let portsMax = 16_384
  private static let argumentsMax = 256
  private static let attributesMax = 32
  private static let nameBytesMax = 1024
  static let dimensionsMax = 8
  /// Of a tensor whose numbers are a shape or axes.
  private static let wholeMax = 64

  typealias Malformed = ProtobufReader.Malformed

  init(_ bytes: [UInt8]) throws(Malformed) {
    guard bytes.count <= Self.bytesMax else { throw Malformed() }
    var reader = ProtobufReader(bytes)
    var hasGraph = false
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (7, .bytes(let range)):
        // Protocol Buffers would join two; no tool writes that.
        guard !hasGraph else { throw Malformed() }
        hasGraph = true
        try readGraph(bytes, range)
      case (8, .bytes(let range)):
        let (domain, version) = try Self.opset(bytes, range)
        guard domains.count < Self.attributesMax else { throw Malformed() }
        domains.append(domain)
        if domain.isEmpty || domain == "ai.onnx" { opset = version }
      default: break
      }
    }
    guard hasGraph else { throw Malformed() }
  }

  private mutating func readGraph(_ bytes: [UInt8], _ range: Range<Int>) throws(Malformed) {
    var reader = ProtobufReader(bytes, in: range)
    while let field = try reader.next() {
      guard case .bytes(let part) = field.value else { continue }
      switch field.number {
      case 1:
        guard nodes.count < Self.nodesMax else { throw Malformed() }
        nodes.append(try Self.node(bytes, part))
      case 5:
        guard tensors.count < Self.tensorsMax else { throw Malformed() }
        tensors.append(try Self.tensor(bytes, part))
      case 11:
        guard inputs.count < Self.portsMax else { throw Malformed() }
        inputs.append(try Self.port(bytes, part))
      case 12:
        guard outputs.count < Self.portsMax else { throw Malformed() }
        outputs.append(try Self.port(bytes, part))
      case 15: hasSparseTensors = true
      default: break
      }
    }
  }

  private static func text(_ bytes: [UInt8], _ range: Range<Int>) throws(Malformed) -> String {
    guard range.count <= nameBytesMax else { throw Malformed() }
    return String(decoding: bytes[range], as: UTF8.self)
  }

  /// A number with a sign, as Protocol Buffers write int64.
  private static func signed(_ value: UInt64) -> Int { Int(Int64(bitPattern: value)) }

  private static func opset(
    _ bytes: [UInt8], _ range: Range<Int>
  ) throws(Malformed) -> (domain: String, version: Int) {
    var reader = ProtobufReader(bytes, in: range)
    var found = (domain: "", version: 0)
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let part)): found.domain = try text(bytes, part)
      case (2, .varint(let value)): found.version = signed(value)
      default: break
      }
    }
    return found
  }

  private static func node(_ bytes: [UInt8], _ range: Range<Int>) throws(Malformed) -> Node {
    var reader = ProtobufReader(bytes, in: range)
    var node = Node()
    while let field = try reader.next() {
      guard case .bytes(let part) = field.value else { continue }
      switch field.number {
      case 1: node.inputs.append(try text(bytes, part))
      case 2: node.outputs.append(try text(bytes, part))
      case 3: node.name = try text(bytes, part)
      case 4: node.kind = try text(bytes, part)
      case 5:
        let (name, attribute) = try attribute(bytes, part)
        guard node.attributes.count < attributesMax,
          node.attributes.updateValue(attribute, forKey: name) == nil
        else { throw Malformed() }
      case 7: node.domain = try text(bytes, part)
      default: break
      }
      guard node.inputs.count <= argumentsMax, node.outputs.count <= argumentsMax else {
        throw Malformed()
      }
    }
    return node
  }

  private static func attribute(
    _ bytes: [UInt8], _ range: Range<Int>
  ) throws(Malformed) -> (String, Attribute) {
    var reader = ProtobufReader(bytes, in: range)
    var name = ""
    var attribute = Attribute()
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let part)): name = try text(bytes, part)
      case (2, .fixed32(let value)): attribute.float = Float(bitPattern: value)
      case (3, .varint(let value)): attribute.integer = signed(value)
      case (4, .bytes(let part)): attribute.text = try text(bytes, part)
      case (5, .bytes(let part)): attribute.tensor = try tensor(bytes, part)
      case (6, _), (11, _): attribute.isGraph = true
      case (8, let value):
        try append(value, bytes, to: &attribute.integers, most: wholeMax)
      default: break
      }
    }
    return (name, attribute)
  }

  /// Repeated whole numbers, packed or each with a key of its own.
  private static func append(
    _ value: ProtobufReader.Field.Value, _ bytes: [UInt8], to numbers: inout [Int], most: Int
  ) throws(Malformed) {
    switch value {
    case .varint(let number): numbers.append(signed(number))
    case .bytes(let part):
      var reader = ProtobufReader(bytes, in: part)
      while let number = try reader.nextPacked() {
        numbers.append(signed(number))
        guard numbers.count <= most else { throw Malformed() }
      }
    case .fixed32, .fixed64: throw Malformed()
    }
    guard numbers.count <= most else { throw Malformed() }
  }

  private static func tensor(_ bytes: [UInt8], _ range: Range<Int>) throws(Malformed) -> Tensor {
    var reader = ProtobufReader(bytes, in: range)
    var tensor = Tensor()
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (1, let value):
        try append(value, bytes, to: &tensor.dimensions, most: dimensionsMax)
      case (2, .varint(let value)): tensor.type = signed(value)
      case (4, .bytes(let part)), (9, .bytes(let part)):
        guard tensor.data.count < wholeMax else { throw Malformed() }
        tensor.data.append(part)
      case (7, let value): try append(value, bytes, to: &tensor.whole, most: wholeMax)
      case (8, .bytes(let part)): tensor.name = try text(bytes, part)
      case (13, _): tensor.isElsewhere = true
      case (14, .varint(let value)): tensor.isElsewhere = tensor.isElsewhere || value != 0
      // Numbers of other kinds, or not packed.
      case (3, _), (4, _), (5, _), (6, _), (10, _), (11, _): throw Malformed()
      default: break
      }
    }
    tensor.readSmall(bytes)
    return tensor
  }

  private static func port(_ bytes: [UInt8], _ range: Range<Int>) throws(Malformed) -> Port {
    var port = Port()
    var reader = ProtobufReader(bytes, in: range)
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let part)): port.name = try text(bytes, part)
      case (2, .bytes(let part)):
        var types = ProtobufReader(bytes, in: part)
        while let type = try types.next() {
          guard case (1, .bytes(let tensor)) = (type.number, type.value) else { continue }
          try readType(bytes, tensor, into: &port)
        }
      default: break
      }
    }
    return port
  }

  private static func readType(
    _ bytes: [UInt8], _ range: Range<Int>, into port: inout Port
  ) throws(Malformed) {
    var reader = ProtobufReader(bytes, in: range)
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (1, .varint(let value)): port.type = signed(value)
      case (2, .bytes(let part)):
        var dimensions: [Int?] = []
        var shape = ProtobufReader(bytes, in: part)
        while let field = try shape.next() {
          guard case (1, .bytes(let part)) = (field.number, field.value) else { continue }
          guard dimensions.count < dimensionsMax else { throw Malformed() }
          var dimension = ProtobufReader(bytes, in: part)
          var value: Int?
          while let field = try dimension.next() {
            // Some tools write 0 or -1 for what is open.
            if case (1, .varint(let number)) = (field.number, field.value), signed(number) > 0 {
              value = signed(number)
            }
          }
          dimensions.append(value)
        }
        port.dimensions = dimensions
      default: break
      }
    }
  }
}

extension ONNXFile.Tensor {
  /// Takes out the numbers of a tensor that is a parameter of an operator.
  fileprivate mutating func readSmall(_ bytes: [UInt8]) {
    let count = data.reduce(0) { $0 + $1.count }
    func number(_ range: Range<Int>) -> UInt64 {
      range.reversed().reduce(0) { $0 << 8 | UInt64(bytes[$1]) }
    }
    guard data.count == 1, let range = data.first else { return }
    if type == Self.int64, count % 8 == 0, count <= 512 {
      whole = stride(from: range.lowerBound, to: range.upperBound, by: 8).map {
        Int(Int64(bitPattern: number($0..<$0 + 8)))
      }
    } else if type == Self.float, count == 4 {
      scalar = Float(bitPattern: UInt32(truncatingIfNeeded: number(range)))
    }
  }
}
