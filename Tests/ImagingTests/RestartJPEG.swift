/// A grey JPEG of flat blocks, coded by hand with the standard tables, with a restart marker after each
/// row of blocks: encoders under test do not write such.
struct RestartJPEG {
  static let width = 64
  static let height = 48
  /// Of each block, multiplied by eight and a little more.
  private static func brightness(_ column: Int, _ row: Int) -> Int {
    (column * 7 + row * 11) % 61 - 30
  }

  var head: [UInt8]
  /// The data of each row of blocks.
  var rows: [[UInt8]]
  var declares = true

  init(standardTables: [UInt8]) {
    head = [0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0] + [UInt8](repeating: 8, count: 64)
    head += [
      0xFF, 0xC0, 0, 11, 8, 0, UInt8(Self.height), 0, UInt8(Self.width), 1, 1, 0x11, 0,
    ]
    head += standardTables
    rows = (0..<Self.height / 8).map(Self.row)
  }

  /// The picture; restart markers are numbered anew with `numbers`.
  func jpeg(_ before: (Int) -> [UInt8] = { _ in [] }, end: [UInt8] = []) -> [UInt8] {
    var bytes = head
    if declares { bytes += [0xFF, 0xDD, 0, 4, 0, UInt8(Self.width / 8)] }
    bytes += [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0]
    for (index, row) in rows.enumerated() {
      if index > 0 { bytes += before(index) + [0xFF, 0xD0 + UInt8((index - 1) & 7)] }
      bytes += row
    }
    return bytes + end + [0xFF, 0xD9]
  }

  /// Codes of the DC categories 0 to 7 of luma (Annex K), and of the end of a block.
  private static let codes = ["00", "010", "011", "100", "101", "110", "1110", "11110"]

  private static func row(_ row: Int) -> [UInt8] {
    var bits = ""
    var last = 0
    for column in 0..<width / 8 {
      let value = brightness(column, row)
      let difference = value - last
      last = value
      let size = Int.bitWidth - abs(difference).leadingZeroBitCount
      bits += codes[size]
      if size > 0 {
        let coded = difference > 0 ? difference : difference + (1 << size) - 1
        let text = String(coded, radix: 2)
        bits += String(repeating: "0", count: size - text.count) + text
      }
      bits += "1010"
    }
    while bits.count % 8 != 0 { bits += "1" }
    var bytes: [UInt8] = []
    var rest = Substring(bits)
    while !rest.isEmpty {
      let byte = UInt8(rest.prefix(8), radix: 2) ?? 0
      bytes += byte == 0xFF ? [0xFF, 0] : [byte]
      rest = rest.dropFirst(8)
    }
    return bytes
  }
}
