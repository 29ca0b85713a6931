/// A few bytes that one process leaves for the next: count (32 bits), CRC-32C (32), bytes. A torn one is
/// taken for empty.
enum StoreNote {
  private static let countMax = 64 << 10

  static func read(_ file: StoreFile) throws(SpoolError) -> [UInt8] {
    var reader = ByteReader(try file.read(count: countMax + 8, at: 0))
    guard let count = reader.get(UInt32.self), let expected = reader.get(UInt32.self),
      let bytes = reader.get(count: Int(count))
    else { return [] }
    var checksum = Checksum()
    checksum.add(bytes)
    return checksum.value == expected ? bytes : []
  }

  static func write(_ bytes: [UInt8], _ file: StoreFile) throws(SpoolError) {
    let bytes = Array(bytes.prefix(countMax))
    var checksum = Checksum()
    checksum.add(bytes)
    var writer = ByteWriter()
    writer.put(UInt32(bytes.count))
    writer.put(checksum.value)
    try file.write(writer.bytes + bytes, at: 0)
  }
}
