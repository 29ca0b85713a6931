import YAML

/// Checks the network of a file, operator by operator, and writes down what is to be computed.
struct NetworkChecker {
  /// What a name of the file stands for.
  enum Value {
    /// Computed: its name here, and its dimensions.
    case result(String, [Int])
    /// Written in the file: which of `constants`.
    case constant(Int)
  }

  static let opsets = 7...21

  let file: ONNXFile
  private var values: [String: Value] = [:]
  private var constants: [ONNXFile.Tensor] = []
  private(set) var steps: [CheckedNetwork.Step] = []
  /// By the name that they are written with.
  private var tensors: [String: CheckedNetwork.Tensor] = [:]
  /// Of tensors, each as often as it is used: a library copies it for each use.
  private var weightBytes = 0
  private var elements = 0
  private var multiplications = 0
  /// Of which node an error tells.
  private var place = ""

  private init(_ file: ONNXFile) { self.file = file }

  /// - Parameters:
  ///   - size: of the picture, where the file leaves it open or must agree; nil where nothing is known of it.
  ///   - channels: of the picture.
  static func check(
    _ file: ONNXFile, size: (width: Int, height: Int)?, channels: Int
  ) throws(Unsuitable) -> CheckedNetwork {
    var checker = NetworkChecker(file)
    try checker.checkHead()
    let input = try checker.openInput(size: size, channels: channels)
    for (index, node) in file.nodes.enumerated() {
      checker.place = "its operator \(index + 1) of \(file.nodes.count) (\(node.kind.shown(40)))"
      try checker.add(node)
    }
    checker.place = ""
    return try checker.finish(input)
  }

  /// An error of the operator that is looked at.
  func refusal(_ reason: String) -> Unsuitable { Unsuitable("\(place) \(reason)") }

  private func checkHead() throws(Unsuitable) {
    guard let opset = file.opset, Self.opsets.contains(opset) else {
      throw Unsuitable(
        "it is of ONNX's operator set \(file.opset.map(String.init) ?? "(none)"), and \(Self.opsets.lowerBound) to \(Self.opsets.upperBound) are known; export it with another opset_version"
      )
    }
    guard !file.hasSparseTensors else {
      throw Unsuitable("it has sparse tensors, which are not known")
    }
  }

  private mutating func openInput(
    size: (width: Int, height: Int)?, channels: Int
  ) throws(Unsuitable) -> [Int] {
    for tensor in file.tensors {
      guard !tensor.name.isEmpty, values.updateValue(keep(tensor), forKey: tensor.name) == nil
      else { throw Unsuitable("two of its tensors have one name") }
    }
    // Older files list tensors among the inputs.
    let inputs = file.inputs.filter { values[$0.name] == nil }
    guard inputs.count == 1, let input = inputs.first else {
      throw Unsuitable("it has \(inputs.count) inputs, and one that takes a picture is wanted")
    }
    guard input.type == ONNXFile.Tensor.float else {
      throw Unsuitable(
        "its input takes no 32-bit floats; export it without quantisation or half precision")
    }
    guard let dimensions = input.dimensions, dimensions.count == 4 else {
      throw Unsuitable("its input is no picture of 1 x channels x height x width")
    }
    guard dimensions[0] ?? 1 == 1 else {
      throw Unsuitable(
        "it takes \(dimensions[0] ?? 0) pictures at a time; export it for a batch of one")
    }
    guard dimensions[1] ?? channels == channels else {
      let isLast = dimensions[3] == channels
      throw Unsuitable(
        "its input has \(dimensions[1] ?? 0) channels, not \(channels)\(isLast ? "; export it with channels first (NCHW)" : "")"
      )
    }
    guard let height = dimensions[2] ?? size?.height, let width = dimensions[3] ?? size?.width
    else {
      throw Unsuitable(
        "it leaves the size of the picture open; give size: WIDTHxHEIGHT in the YAML beside it")
    }
    if let size, size != (width, height) {
      throw Unsuitable(
        "it takes pictures of \(width)x\(height), and the YAML beside it says \(size.width)x\(size.height)"
      )
    }
    guard (1...NetworkBounds.pictureSide).contains(width),
      (1...NetworkBounds.pictureSide).contains(height)
    else {
      throw Unsuitable(
        "it takes pictures of \(width)x\(height), and \(NetworkBounds.pictureSide) pixels a side are the most"
      )
    }
    let shape = [1, channels, height, width]
    values[input.name] = .result(CheckedNetwork.inputName, shape)
    return shape
  }

  private func finish(_ input: [Int]) throws(Unsuitable) -> CheckedNetwork {
    guard file.outputs.count == 1, let output = file.outputs.first else {
      throw Unsuitable(
        "it has \(file.outputs.count) outputs, and one with a number for each class is wanted")
    }
    guard case .result(let name, let shape) = values[output.name], name != CheckedNetwork.inputName
    else {
      throw Unsuitable("nothing computes its output")
    }
    guard shape.count == 2 || shape.count == 4 && shape[2...] == [1, 1],
      shape[1] <= NetworkBounds.classes
    else {
      throw Unsuitable(
        "its output is \(shape.map(String.init).joined(separator: " x ")), not a number for each class: it is no classifier"
      )
    }
    // What the output does not need is left out.
    var needed: Set<String> = [name]
    var kept: [CheckedNetwork.Step] = []
    for step in steps.reversed() where needed.contains(step.output) {
      needed.formUnion(step.inputs)
      kept.append(step)
    }
    guard needed.contains(CheckedNetwork.inputName) else {
      throw Unsuitable("its output does not depend on its input")
    }
    kept.reverse()
    kept.append(
      CheckedNetwork.Step(
        kind: "Flatten", inputs: [name], output: CheckedNetwork.outputName,
        attributes: [("axis", .integer(1))]))
    return CheckedNetwork(
      input: input, outputCount: shape[1], steps: kept,
      tensors: needed.sorted().compactMap { tensors[$0] })
  }

  // MARK: What operators ask for

  /// How many inputs there are, without those that are left out at the end.
  func inputCount(_ node: ONNXFile.Node) -> Int {
    (node.inputs.lastIndex { !$0.isEmpty } ?? -1) + 1
  }

  func value(_ node: ONNXFile.Node, _ index: Int) throws(Unsuitable) -> Value {
    guard node.inputs.indices.contains(index), let value = values[node.inputs[index]] else {
      throw refusal("takes something that nothing before it computes")
    }
    return value
  }

  func result(
    _ node: ONNXFile.Node, _ index: Int, ranks: ClosedRange<Int> = 2...4
  ) throws(Unsuitable) -> (name: String, shape: [Int]) {
    guard case .result(let name, let shape) = try value(node, index) else {
      throw refusal("takes a constant where it should take what was computed")
    }
    guard ranks.contains(shape.count) else {
      throw refusal("takes \(shape.count) dimensions, which is not known of it")
    }
    return (name, shape)
  }

  /// A tensor of 32-bit floats of the file, to be written with it.
  /// - Parameter isTurned: whether a matrix is to be written with rows and columns exchanged.
  mutating func weights(
    _ node: ONNXFile.Node, _ index: Int, ranks: ClosedRange<Int>, isTurned: Bool = false
  ) throws(Unsuitable) -> (name: String, dimensions: [Int]) {
    guard case .constant(let number) = try value(node, index) else {
      throw refusal("has weights that are computed; export it with constants folded")
    }
    let tensor = constants[number]
    let count = try floats(tensor)
    guard ranks.contains(tensor.dimensions.count) else {
      throw refusal("has weights of \(tensor.dimensions.count) dimensions")
    }
    guard count > 0 else { throw refusal("has weights without a number in them") }
    weightBytes += count * 4
    guard weightBytes <= ONNXFile.bytesMax else {
      throw refusal("makes the network larger than any that a box can run")
    }
    let name = isTurned ? "turned\(number)" : "tensor\(number)"
    var written = CheckedNetwork.Tensor(
      name: name, dimensions: tensor.dimensions, data: tensor.data)
    if isTurned {
      written.dimensions.reverse()
      written.turnedColumns = tensor.dimensions.last
    }
    tensors[name] = written
    return (name, written.dimensions)
  }

  /// - Returns: how many numbers a tensor of floats has.
  private func floats(_ tensor: ONNXFile.Tensor) throws(Unsuitable) -> Int {
    guard !tensor.isElsewhere else {
      throw Unsuitable(
        "its weights are in another file; save it as one file (without external data)")
    }
    guard tensor.type == ONNXFile.Tensor.float else {
      throw refusal(
        "has weights that are no 32-bit floats; export it without quantisation or half precision")
    }
    guard let count = Int.product(tensor.dimensions, most: ONNXFile.bytesMax / 4),
      tensor.data.reduce(0, { $0 + $1.count }) == count * 4
    else { throw refusal("has a tensor with another number of bytes than its dimensions say") }
    return count
  }

  /// A tensor of zeros that the file does not have.
  mutating func zeros(_ count: Int) -> String {
    let name = "zeros\(count)"
    tensors[name] = CheckedNetwork.Tensor(
      name: name, dimensions: [count], data: [], zeroBytes: count * 4)
    return name
  }

  private func constant(
    _ node: ONNXFile.Node, _ index: Int
  ) throws(Unsuitable) -> ONNXFile.Tensor? {
    guard case .constant(let number) = try value(node, index) else { return nil }
    return constants[number]
  }

  /// Takes up a tensor of the file.
  mutating func keep(_ tensor: ONNXFile.Tensor) -> Value {
    constants.append(tensor)
    return .constant(constants.count - 1)
  }

  /// Whole numbers of the file: a shape, or axes.
  func whole(_ node: ONNXFile.Node, _ index: Int) throws(Unsuitable) -> [Int] {
    guard let tensor = try constant(node, index), !tensor.isElsewhere,
      tensor.type == ONNXFile.Tensor.int64,
      Int.product(tensor.dimensions, most: tensor.whole.count) == tensor.whole.count
    else { throw refusal("has a shape or axes that are computed; export it with constants folded") }
    return tensor.whole
  }

  /// One number of the file.
  func scalar(_ node: ONNXFile.Node, _ index: Int) throws(Unsuitable) -> Float {
    guard let tensor = try constant(node, index), !tensor.isElsewhere,
      Int.product(tensor.dimensions, most: 1) == 1, let scalar = tensor.scalar
    else { throw refusal("has a parameter that is not one number of the file") }
    return scalar
  }

  // MARK: What comes of it

  /// Gives the first output of a node its meaning.
  mutating func define(_ node: ONNXFile.Node, _ value: Value) throws(Unsuitable) {
    // The others are what training needs; whoever takes one is told that nothing computes it.
    guard let output = node.outputs.first, !output.isEmpty else { throw refusal("has no output") }
    guard values.updateValue(value, forKey: output) == nil else {
      throw refusal("computes what is computed or written already")
    }
  }

  /// Has a node computed.
  /// - Parameter multiplications: what that takes.
  mutating func compute(
    _ node: ONNXFile.Node, as kind: String? = nil, _ inputs: [String],
    _ attributes: [(String, CheckedNetwork.Attribute)] = [], shape: [Int],
    multiplications: [Int] = []
  ) throws(Unsuitable) {
    let output = "result\(steps.count)"
    try add(
      CheckedNetwork.Step(
        kind: kind ?? node.kind, inputs: inputs, output: output, attributes: attributes),
      shape: shape, multiplications: multiplications)
    try define(node, .result(output, shape))
  }

  private mutating func add(
    _ step: CheckedNetwork.Step, shape: [Int], multiplications work: [Int]
  ) throws(Unsuitable) {
    guard let count = Int.product(shape, most: NetworkBounds.resultElements), count > 0,
      shape[1] <= NetworkBounds.channels
    else {
      throw refusal(
        "computes \(shape.map(String.init).joined(separator: " x ")) numbers, which is too much or nothing"
      )
    }
    elements += count
    let work = work.isEmpty ? count : Int.product(work, most: NetworkBounds.multiplications)
    guard let work, elements <= NetworkBounds.allElements,
      multiplications + work <= NetworkBounds.multiplications
    else { throw refusal("makes the network larger than any that a box can run") }
    multiplications += work
    steps.append(step)
  }

  /// A step between two of the file's. It computes as many numbers as `shape` says.
  /// - Returns: its name.
  mutating func insert(_ kind: String, _ input: String, shape: [Int]) throws(Unsuitable) -> String {
    let output = "result\(steps.count)"
    try add(
      CheckedNetwork.Step(kind: kind, inputs: [input], output: output, attributes: []),
      shape: shape, multiplications: [])
    return output
  }
}
