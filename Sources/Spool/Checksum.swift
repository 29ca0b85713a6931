import CChecksum

/// CRC-32C over several runs of bytes in turn.
struct Checksum {
  private(set) var value: UInt32 = 0

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    value = unsafe vc_crc32c(value, bytes.baseAddress, bytes.count)
  }

  mutating func add(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { unsafe add($0) }
  }

  mutating func add(_ bytes: ArraySlice<UInt8>) {
    unsafe bytes.withUnsafeBytes { unsafe add($0) }
  }

  mutating func add(_ number: UInt64) {
    var bytes = number.littleEndian
    unsafe withUnsafeBytes(of: &bytes) { unsafe add($0) }
  }
}
