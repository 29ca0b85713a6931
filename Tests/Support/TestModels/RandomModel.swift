/// Small classifiers of all operators, put together at random: most are right, and where `isSloppy` many are not.
package struct RandomModel<Random: RandomNumberGenerator> {
  package static var side: Int { 12 }
  package static var classes: Int { 5 }

  private typealias Result = (name: String, shape: [Int])

  private var maker = ModelMaker(side: Self.side, classes: Self.classes)
  private var random: Random
  private let isSloppy: Bool
  private var results: [Result] = [("image", [3, Self.side, Self.side])]
  private var count = 0

  private init(_ random: Random, isSloppy: Bool) {
    self.random = random
    self.isSloppy = isSloppy
  }

  package static func make(_ random: inout Random, isSloppy: Bool) -> [UInt8] {
    var model = RandomModel(random, isSloppy: isSloppy)
    model.build()
    random = model.random
    return model.maker.bytes
  }

  private mutating func pick(_ range: ClosedRange<Int>) -> Int {
    .random(in: range, using: &random)
  }

  private mutating func chance(_ one: Int) -> Bool { pick(1...one) == 1 }

  /// Now and then another number than that which is right.
  private mutating func about(_ number: Int) -> Int {
    guard isSloppy, chance(60) else { return number }
    return [0, -1, 1, number + 1, number - 1, 255, 65_536, 1 << 31, .max, .min]
      .randomElement(using: &random) ?? number
  }

  private mutating func name(_ kind: String) -> String {
    count += 1
    return "\(kind)\(count)"
  }

  private mutating func weights(_ shape: [Int]) -> String {
    let name = name("w")
    let amount = shape.reduce(1, *)
    let values = (0..<amount).map { _ in Float(pick(-100...100)) / 100 }
    maker.floats(name, shape.map { about($0) }, values)
    return name
  }

  private mutating func add(
    _ kind: String, _ inputs: [String], _ attributes: [(String, ModelMaker.Attribute)] = [],
    shape: [Int]
  ) -> Result {
    let output = name("r")
    let inputs = inputs.map { isSloppy && chance(80) ? "r\(pick(1...9))" : $0 }
    maker.node(kind, inputs, output, attributes)
    results.append((output, shape))
    return (output, shape)
  }

  private mutating func build() {
    maker.opset = [7, 9, 10, 11, 13, 14].randomElement(using: &random) ?? 10
    for _ in 0..<pick(1...7) { grow() }
    finish()
  }

  private mutating func grow() {
    let from = chance(4) ? results.randomElement(using: &random) : results.last
    guard let from, from.shape.count == 3, from.shape[1] > 1 || chance(3) else { return }
    switch pick(0...11) {
    case 0, 1, 2: convolve(from)
    case 3: pool(from)
    case 4:
      let tensors = (0..<3).map { _ in weights([from.shape[0]]) }
      let variance = name("w")
      let values = (0..<from.shape[0]).map { _ in Float(pick(1...100)) / 50 }
      maker.floats(variance, [from.shape[0]], values)
      _ = add("BatchNormalization", [from.name] + tensors + [variance], shape: from.shape)
    case 5:
      let kind = [
        "Relu", "Sigmoid", "Tanh", maker.opset >= 14 ? "HardSwish" : "Relu", "Identity", "Dropout",
      ].randomElement(using: &random)
      _ = add(kind ?? "Relu", [from.name], shape: from.shape)
    case 6: clip(from)
    case 7:
      let same = results.filter { $0.shape == from.shape }.randomElement(using: &random) ?? from
      _ = add(chance(3) ? "Mul" : "Add", [from.name, same.name], shape: from.shape)
    case 8: gate(from)
    case 9:
      let others = results.filter { $0.shape.count == 3 && $0.shape[1...] == from.shape[1...] }
      let other = others.randomElement(using: &random) ?? from
      _ = add(
        "Concat", [from.name, other.name], [("axis", .integer(about(1)))],
        shape: [from.shape[0] + other.shape[0]] + from.shape[1...])
    case 10:
      _ = add(
        "LeakyRelu", [from.name], [("alpha", .float(Float(pick(0...50)) / 100))], shape: from.shape)
    default:
      _ = add(
        "HardSigmoid", [from.name], [("alpha", .float(0.2)), ("beta", .float(0.5))],
        shape: from.shape)
    }
  }

  private mutating func clip(_ from: Result) {
    guard maker.opset >= 11 else {
      _ = add("Clip", [from.name], [("min", .float(-0.5)), ("max", .float(6))], shape: from.shape)
      return
    }
    let (low, high) = (name("w"), name("w"))
    maker.floats(low, [], [-0.5])
    maker.floats(high, [], [6])
    _ = add("Clip", [from.name, low, high], shape: from.shape)
  }

  private func length(_ length: Int, _ kernel: Int, _ stride: Int, _ pads: Int, _ dilation: Int)
    -> Int
  {
    (length + pads - dilation * (kernel - 1) - 1) / stride + 1
  }

  /// A kernel that fits.
  private mutating func window(
    _ shape: [Int], dilates: Bool
  ) -> (kernel: [Int], attributes: [(String, ModelMaker.Attribute)], size: [Int]) {
    let kernel = (1...2).map { pick(1...min(3, shape[$0])) }
    let strides = [pick(1...2), pick(1...2)]
    let pads = [kernel[0], kernel[1], kernel[0], kernel[1]].map { pick(0...max(0, $0 - 1)) }
    let dilation = dilates && chance(4) ? 2 : 1
    let fits = (0..<2).allSatisfy {
      dilation * (kernel[$0] - 1) < shape[$0 + 1] + pads[$0] + pads[$0 + 2]
    }
    let step = fits ? dilation : 1
    let attributes: [(String, ModelMaker.Attribute)] =
      [
        ("kernel_shape", .integers(kernel.map { about($0) })),
        ("strides", .integers(strides.map { about($0) })),
        ("pads", .integers(pads.map { about($0) })),
      ] + (dilates ? [("dilations", .integers([about(step), about(step)]))] : [])
    return (
      kernel, attributes,
      (0..<2).map { length(shape[$0 + 1], kernel[$0], strides[$0], pads[$0] + pads[$0 + 2], step) }
    )
  }

  private mutating func convolve(_ from: Result) {
    let channels = from.shape[0]
    let groups = chance(3) ? channels : 1
    let filters = groups == channels ? channels * pick(1...2) : pick(1...8)
    let window = window(from.shape, dilates: true)
    var inputs = [from.name, weights([filters, channels / groups] + window.kernel)]
    if !chance(3) { inputs.append(weights([filters])) }
    _ = add(
      "Conv", inputs, window.attributes + [("group", .integer(about(groups)))],
      shape: [filters] + window.size)
  }

  private mutating func pool(_ from: Result) {
    let window = window(from.shape, dilates: false)
    let isMean = chance(2)
    _ = add(
      isMean ? "AveragePool" : "MaxPool", [from.name],
      window.attributes + (isMean ? [("count_include_pad", .integer(about(0)))] : []),
      shape: [from.shape[0]] + window.size)
  }

  /// Channels that are weighted by what is in them.
  private mutating func gate(_ from: Result) {
    let mean = add("GlobalAveragePool", [from.name], shape: [from.shape[0], 1, 1])
    let mixed = add(
      "Conv", [mean.name, weights([from.shape[0], from.shape[0], 1, 1])], shape: mean.shape)
    let sure = add("Sigmoid", [mixed.name], shape: mean.shape)
    _ = add(
      "Mul", chance(2) ? [from.name, sure.name] : [sure.name, from.name], shape: from.shape)
  }

  private mutating func finish() {
    guard let last = results.last else { return }
    let all = last.shape.reduce(1, *)
    var flat: Result
    switch pick(0...4) {
    case 0: flat = add("Flatten", [last.name], [("axis", .integer(about(1)))], shape: [all])
    case 1:
      let shape = name("s")
      maker.wholes(shape, [about(1), about(-1)])
      flat = add("Reshape", [last.name, shape], shape: [all])
    case 2 where maker.opset < 18:
      flat = add(
        "ReduceMean", [last.name],
        [("axes", .integers([about(2), 3])), ("keepdims", .integer(0))],
        shape: [last.shape[0]])
    case 3 where maker.opset < 13:
      let mean = add("GlobalMaxPool", [last.name], shape: [last.shape[0], 1, 1])
      flat = add(
        "Squeeze", [mean.name], [("axes", .integers([2, about(3)]))], shape: [last.shape[0]])
    default:
      let mean = add("GlobalAveragePool", [last.name], shape: [last.shape[0], 1, 1])
      flat = add("Flatten", [mean.name], shape: [last.shape[0]])
    }
    let numbers = flat.shape[0]
    if chance(3) {
      flat = add("MatMul", [flat.name, weights([numbers, Self.classes])], shape: [Self.classes])
    } else {
      let isTurned = chance(2)
      let matrix = weights(isTurned ? [Self.classes, numbers] : [numbers, Self.classes])
      flat = add(
        "Gemm", [flat.name, matrix, weights([Self.classes])],
        [("transB", .integer(about(isTurned ? 1 : 0)))], shape: [Self.classes])
    }
    if chance(3) { flat = add("Softmax", [flat.name], [("axis", .integer(1))], shape: flat.shape) }
    maker.outputs = [(flat.name, [1, Self.classes])]
  }
}
