import YAML

extension NetworkChecker {
  /// The operators that classifiers are made of.
  static let operators = [
    "Add", "AveragePool", "BatchNormalization", "Clip", "Concat", "Constant", "Conv", "Dropout",
    "Flatten", "Gemm", "GlobalAveragePool", "GlobalMaxPool", "HardSigmoid", "HardSwish", "Identity",
    "LeakyRelu", "MatMul", "MaxPool", "Mul", "ReduceMean", "Relu", "Reshape", "Sigmoid", "Softmax",
    "Squeeze", "Tanh",
  ]

  mutating func add(_ node: ONNXFile.Node) throws(Unsuitable) {
    guard node.domain.isEmpty || node.domain == "ai.onnx" else {
      throw refusal("is not one of ONNX's own, but of \(node.domain.shown(60).quoted)")
    }
    switch node.kind {
    case "Conv": try addConvolution(node)
    case "BatchNormalization": try addNormalisation(node)
    case "MaxPool", "AveragePool": try addPool(node)
    case "GlobalAveragePool", "GlobalMaxPool":
      try expect(node, inputs: 1...1, [])
      let (name, shape) = try result(node, 0, ranks: 4...4)
      try compute(node, [name], shape: [1, shape[1], 1, 1], multiplications: shape)
    case "ReduceMean": try addMean(node)
    case "Relu", "Sigmoid", "Tanh", "HardSwish":
      try expect(node, inputs: 1...1, [])
      try addElementwise(node)
    case "LeakyRelu":
      try expect(node, inputs: 1...1, ["alpha"])
      try addElementwise(node, [("alpha", .float(try float(node, "alpha", 0.01)))])
    case "HardSigmoid":
      try expect(node, inputs: 1...1, ["alpha", "beta"])
      try addElementwise(
        node,
        [
          ("alpha", .float(try float(node, "alpha", 0.2))),
          ("beta", .float(try float(node, "beta", 0.5))),
        ])
    case "Clip": try addClip(node)
    case "Add": try addSum(node)
    case "Mul": try addProduct(node)
    case "Concat": try addConcatenation(node)
    case "Gemm", "MatMul": try addMatrix(node)
    case "Softmax": try addSoftmax(node)
    case "Flatten", "Reshape", "Squeeze": try addFlattening(node)
    case "Identity", "Dropout":
      try expect(
        node, inputs: node.kind == "Identity" ? 1...1 : 1...3, ["ratio", "seed", "is_test"])
      guard inputCount(node) < 3 else {
        throw refusal("may be of training; export the network for inference")
      }
      try define(node, try value(node, 0))
    case "Constant":
      try expect(node, inputs: 0...0, ["value"])
      guard let tensor = node.attributes["value"]?.tensor else { throw refusal("has no tensor") }
      try define(node, keep(tensor))
    default:
      throw refusal(
        "is not known; those that are: \(Self.operators.joined(separator: ", "))")
    }
  }

  // MARK: Attributes

  /// - Parameter attributes: those that are known.
  func expect(
    _ node: ONNXFile.Node, inputs: ClosedRange<Int>, _ attributes: [String]
  ) throws(Unsuitable) {
    guard inputs.contains(inputCount(node)) else {
      throw refusal("has \(inputCount(node)) inputs")
    }
    if let other = node.attributes.keys.filter({ !attributes.contains($0) }).min() {
      throw refusal("has an attribute \(other.quoted) that is not known")
    }
  }

  func float(
    _ node: ONNXFile.Node, _ name: String, _ standard: Float
  ) throws(Unsuitable) -> Float {
    guard let attribute = node.attributes[name] else { return standard }
    guard let value = attribute.float, value.isFinite else {
      throw refusal("has a \(name) that is no number")
    }
    return value
  }

  func integer(
    _ node: ONNXFile.Node, _ name: String, _ standard: Int, _ range: ClosedRange<Int>
  ) throws(Unsuitable) -> Int {
    guard let attribute = node.attributes[name] else { return standard }
    guard let value = attribute.integer, range.contains(value) else {
      throw refusal(
        "has \(attribute.integer.map { "\(name) \($0)" } ?? "no number as \(name)"), which is not known of it"
      )
    }
    return value
  }

  func integers(
    _ node: ONNXFile.Node, _ name: String, _ standard: [Int], _ range: ClosedRange<Int>
  ) throws(Unsuitable) -> [Int] {
    guard let attribute = node.attributes[name] else { return standard }
    guard attribute.integers.count == standard.count, attribute.integers.allSatisfy(range.contains)
    else {
      throw refusal("has \(name) \(attribute.integers), which is not known of it")
    }
    return attribute.integers
  }

  // MARK: Windows that move over a picture

  private struct Window {
    var strides: [Int]
    var pads: [Int]
    var dilations: [Int]
    /// Height and width of what comes of it.
    var size: [Int]
  }

  private func window(
    _ node: ONNXFile.Node, kernel: [Int], over shape: [Int]
  ) throws(Unsuitable) -> Window {
    let strides = try integers(node, "strides", [1, 1], 1...NetworkBounds.side)
    let dilations = try integers(node, "dilations", [1, 1], 1...NetworkBounds.dilation)
    var pads = try integers(node, "pads", [0, 0, 0, 0], 0...NetworkBounds.side)
    let reach = (0..<2).map { dilations[$0] * (kernel[$0] - 1) + 1 }
    let automatic = node.attributes["auto_pad"]?.text ?? "NOTSET"
    switch automatic {
    case "NOTSET": break
    case "VALID": pads = [0, 0, 0, 0]
    case "SAME_UPPER", "SAME_LOWER":
      for side in 0..<2 {
        let length = shape[2 + side]
        let out = (length + strides[side] - 1) / strides[side]
        let all = max(0, (out - 1) * strides[side] + reach[side] - length)
        let less = all / 2
        pads[side] = automatic == "SAME_UPPER" ? less : all - less
        pads[side + 2] = all - pads[side]
      }
    default: throw refusal("has an auto_pad that is not known")
    }
    var size: [Int] = []
    for side in 0..<2 {
      let room = shape[2 + side] + pads[side] + pads[side + 2] - reach[side]
      guard room >= 0, pads[side] < reach[side] || pads[side] == 0,
        pads[side + 2] < reach[side] || pads[side + 2] == 0
      else { throw refusal("has a kernel that does not fit what it moves over, or its padding") }
      size.append(room / strides[side] + 1)
    }
    return Window(strides: strides, pads: pads, dilations: dilations, size: size)
  }

  private mutating func addConvolution(_ node: ONNXFile.Node) throws(Unsuitable) {
    try expect(
      node, inputs: 2...3, ["auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"])
    let (name, shape) = try result(node, 0, ranks: 4...4)
    let (filters, dimensions) = try weights(node, 1, ranks: 4...4)
    let kernel = Array(dimensions[2...])
    let groups = try integer(node, "group", 1, 1...NetworkBounds.channels)
    guard kernel.allSatisfy({ $0 <= NetworkBounds.side }),
      try integers(node, "kernel_shape", kernel, 1...NetworkBounds.side) == kernel,
      dimensions[0] <= NetworkBounds.channels, dimensions[1] <= NetworkBounds.channels,
      dimensions[0] % groups == 0, dimensions[1] * groups == shape[1]
    else { throw refusal("has weights that do not fit its input of \(shape[1]) channels") }
    let window = try window(node, kernel: kernel, over: shape)
    var inputs = [name, filters]
    if inputCount(node) == 3 {
      let (bias, count) = try weights(node, 2, ranks: 1...1)
      guard count == [dimensions[0]] else {
        throw refusal("has a bias that does not fit its weights")
      }
      inputs.append(bias)
    }
    try compute(
      node, inputs,
      [
        ("dilations", .integers(window.dilations)), ("group", .integer(groups)),
        ("kernel_shape", .integers(kernel)), ("pads", .integers(window.pads)),
        ("strides", .integers(window.strides)),
      ], shape: [1, dimensions[0]] + window.size, multiplications: dimensions + window.size)
  }

  private mutating func addPool(_ node: ONNXFile.Node) throws(Unsuitable) {
    try expect(
      node, inputs: 1...1,
      [
        "auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads",
        "storage_order", "strides",
      ])
    let (name, shape) = try result(node, 0, ranks: 4...4)
    guard node.attributes["kernel_shape"] != nil else { throw refusal("has no kernel_shape") }
    let kernel = try integers(node, "kernel_shape", [1, 1], 1...NetworkBounds.side)
    _ = try integers(node, "dilations", [1, 1], 1...1)
    _ = try integer(node, "storage_order", 0, 0...0)
    let window = try window(node, kernel: kernel, over: shape)
    if try integer(node, "ceil_mode", 0, 0...1) == 1 {
      // Libraries do not agree on windows that begin within the padding.
      for side in 0..<2 {
        let room = shape[2 + side] + window.pads[side] + window.pads[side + 2] - kernel[side]
        guard room % window.strides[side] == 0 else {
          throw refusal("rounds its size up (ceil_mode), which is not known of it")
        }
      }
    }
    // OpenCV 4.6 does not.
    let counts = node.kind == "AveragePool" ? try integer(node, "count_include_pad", 0, 0...1) : 0
    guard counts == 0 || window.pads.allSatisfy({ $0 == 0 }) else {
      throw refusal("counts padding (count_include_pad), which is not known of it")
    }
    try compute(
      node, [name],
      [
        ("kernel_shape", .integers(kernel)), ("pads", .integers(window.pads)),
        ("strides", .integers(window.strides)),
      ], shape: [1, shape[1]] + window.size,
      multiplications: [shape[1]] + window.size + kernel)
  }

  private mutating func addMean(_ node: ONNXFile.Node) throws(Unsuitable) {
    try expect(node, inputs: 1...2, ["axes", "keepdims", "noop_with_empty_axes"])
    let (name, shape) = try result(node, 0, ranks: 4...4)
    let axes =
      inputCount(node) == 2
      ? try whole(node, 1) : try integers(node, "axes", [0, 0], -4...3)
    guard Set(axes.map { $0 < 0 ? $0 &+ 4 : $0 }) == [2, 3] else {
      throw refusal("takes a mean over something else than height and width")
    }
    let pooled = [1, shape[1], 1, 1]
    if try integer(node, "keepdims", 1, 0...1) == 1 {
      try compute(node, as: "GlobalAveragePool", [name], shape: pooled, multiplications: shape)
    } else {
      let mean = try insert("GlobalAveragePool", name, shape: pooled)
      try compute(
        node, as: "Flatten", [mean], [("axis", .integer(1))], shape: [1, shape[1]])
    }
  }

  private mutating func addNormalisation(_ node: ONNXFile.Node) throws(Unsuitable) {
    try expect(node, inputs: 5...5, ["epsilon", "momentum", "spatial", "training_mode"])
    let (name, shape) = try result(node, 0, ranks: 4...4)
    _ = try integer(node, "spatial", 1, 1...1)
    _ = try integer(node, "training_mode", 0, 0...0)
    let epsilon = try float(node, "epsilon", 1e-5)
    guard epsilon >= 0 else { throw refusal("has an epsilon below 0") }
    var inputs = [name]
    for index in 1..<5 {
      let (tensor, count) = try weights(node, index, ranks: 1...1)
      guard count == [shape[1]] else { throw refusal("has weights that do not fit its input") }
      inputs.append(tensor)
    }
    try compute(node, inputs, [("epsilon", .float(epsilon))], shape: shape)
  }
}
