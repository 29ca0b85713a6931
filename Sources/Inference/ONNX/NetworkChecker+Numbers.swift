/// Operators that do not care where in the picture a number is.
extension NetworkChecker {
  mutating func addElementwise(
    _ node: ONNXFile.Node, _ attributes: [(String, CheckedNetwork.Attribute)] = []
  ) throws(Unsuitable) {
    let (name, shape) = try result(node, 0)
    try compute(node, [name], attributes, shape: shape)
  }

  mutating func addClip(_ node: ONNXFile.Node) throws(Unsuitable) {
    try expect(node, inputs: 1...3, ["min", "max"])
    var bounds = [
      try float(node, "min", -.greatestFiniteMagnitude),
      try float(node, "max", .greatestFiniteMagnitude),
    ]
    for index in 0..<2 where index + 1 < inputCount(node) && !node.inputs[index + 1].isEmpty {
      bounds[index] = try scalar(node, index + 1)
    }
    guard bounds[0] <= bounds[1] else { throw refusal("has bounds that exclude each other") }
    try addElementwise(node, [("min", .float(bounds[0])), ("max", .float(bounds[1]))])
  }

  mutating func addSum(_ node: ONNXFile.Node) throws(Unsuitable) {
    try expect(node, inputs: 2...2, [])
    let (one, shape) = try result(node, 0)
    let (other, same) = try result(node, 1)
    guard shape == same else { throw refusal("adds what is not of one size") }
    try compute(node, [one, other], shape: shape)
  }

  /// Two results of one size, or one number for each channel times a result.
  mutating func addProduct(_ node: ONNXFile.Node) throws(Unsuitable) {
    try expect(node, inputs: 2...2, [])
    let one = try result(node, 0)
    let other = try result(node, 1)
    let isGate = { (gate: [Int], of: [Int]) in
      gate.count == 4 && of.count == 4 && gate[1] == of[1] && gate[2...] == [1, 1]
    }
    guard
      one.shape == other.shape || isGate(one.shape, other.shape) || isGate(other.shape, one.shape)
    else { throw refusal("multiplies what is not of one size") }
    let isFirstLarger = isGate(other.shape, one.shape)
    let (large, small) = isFirstLarger ? (one, other) : (other, one)
    try compute(node, [large.name, small.name], shape: large.shape)
  }

  mutating func addConcatenation(_ node: ONNXFile.Node) throws(Unsuitable) {
    let count = inputCount(node)
    try expect(node, inputs: 1...max(1, count), ["axis"])
    var names: [String] = []
    var shape: [Int] = []
    for index in 0..<count {
      let (name, next) = try result(node, index)
      names.append(name)
      guard shape.isEmpty || shape.count == next.count && shape[2...] == next[2...] else {
        throw refusal("joins what is not of one size")
      }
      if shape.isEmpty { shape = next } else { shape[1] += next[1] }
    }
    // An axis must be given.
    let axis = try integer(node, "axis", 0, -shape.count...shape.count - 1)
    guard axis == 1 || axis == 1 - shape.count else {
      throw refusal("joins something else than channels")
    }
    try compute(node, names, [("axis", .integer(1))], shape: shape)
  }

  mutating func addMatrix(_ node: ONNXFile.Node) throws(Unsuitable) {
    let isProduct = node.kind == "MatMul"
    try expect(
      node, inputs: isProduct ? 2...2 : 2...3,
      isProduct ? [] : ["alpha", "beta", "transA", "transB"])
    let (name, shape) = try result(node, 0, ranks: 2...2)
    _ = try integer(node, "transA", 0, 0...0)
    // OpenCV 4.6 takes a row for each output, and misreads other matrices that have a bias.
    let isTurned = try integer(node, "transB", 0, 0...1) == 0
    let (matrix, dimensions) = try weights(node, 1, ranks: 2...2, isTurned: isTurned)
    guard try float(node, "alpha", 1) == 1, try float(node, "beta", 1) == 1 else {
      throw refusal("has factors (alpha, beta), which are not known of it")
    }
    let (columns, rows) = (dimensions[0], dimensions[1])
    guard rows == shape[1] else {
      throw refusal("has weights that do not fit its input of \(shape[1]) numbers")
    }
    let bias: String
    if inputCount(node) == 3 {
      let (given, count) = try weights(node, 2, ranks: 1...1)
      guard count == [columns] else { throw refusal("has a bias that does not fit its weights") }
      bias = given
    } else {
      guard columns <= NetworkBounds.channels else { throw refusal("computes too many numbers") }
      bias = zeros(columns)
    }
    try compute(
      node, as: "Gemm", [name, matrix, bias], [("transB", .integer(1))],
      shape: [1, columns], multiplications: [rows, columns])
  }

  mutating func addSoftmax(_ node: ONNXFile.Node) throws(Unsuitable) {
    try expect(node, inputs: 1...1, ["axis"])
    let (name, shape) = try result(node, 0)
    let standard = file.opset ?? 0 < 13 ? 1 : shape.count - 1
    let axis = try integer(node, "axis", standard, -shape.count...shape.count - 1)
    guard axis == 1 || axis == 1 - shape.count,
      shape.count == 2 || shape[2...].allSatisfy({ $0 == 1 })
    else { throw refusal("works on something else than one number for each class") }
    try compute(node, [name], [("axis", .integer(1))], shape: shape)
  }

  /// All of a picture as one row of numbers.
  mutating func addFlattening(_ node: ONNXFile.Node) throws(Unsuitable) {
    let (name, shape) = try result(node, 0)
    guard let count = Int.product(shape, most: NetworkBounds.resultElements) else {
      throw refusal("works on too many numbers")
    }
    switch node.kind {
    case "Flatten":
      try expect(node, inputs: 1...1, ["axis"])
      guard [1, 1 - shape.count].contains(try integer(node, "axis", 1, -4...3)) else {
        throw refusal("joins something else than channels, height and width")
      }
    case "Squeeze":
      try expect(node, inputs: 1...2, ["axes"])
      let axes =
        inputCount(node) == 2 ? try whole(node, 1) : try integers(node, "axes", [0, 0], -4...3)
      guard shape.count == 4, shape[2...] == [1, 1],
        Set(axes.map { $0 < 0 ? $0 &+ 4 : $0 }) == [2, 3]
      else { throw refusal("takes away something else than a height and width of 1") }
    default:
      try expect(node, inputs: 2...2, ["allowzero"])
      _ = try integer(node, "allowzero", 0, 0...0)
      let target = try whole(node, 1)
      guard target.count == 2, [0, 1, -1].contains(target[0]),
        target[1] == -1 || target[1] == count,
        target != [-1, -1]
      else { throw refusal("makes something else of a picture than one row of numbers") }
    }
    try compute(node, as: "Flatten", [name], [("axis", .integer(1))], shape: [1, count])
  }
}
