import CZstd

/// zstd with its working memory kept, and with dictionaries. Used by one thread.
@safe
final class Zstandard {
  /// The fastest level: the disk and the processor have other work.
  private static let level: Int32 = 1
  private static let probeCount = 8 << 10
  /// Below this gain the time is not worth it.
  private static let gainMin = 0.03
  private static let dictionaryCapacity = 32 << 10

  private let compressor: OpaquePointer?
  private let decompressor: OpaquePointer?
  /// The dictionary that new blocks are compressed with.
  private(set) var dictionary: [UInt8] = []
  private var known: [UInt32: [UInt8]] = [:]

  init() {
    unsafe compressor = unsafe ZSTD_createCCtx()
    unsafe decompressor = unsafe ZSTD_createDCtx()
  }

  deinit {
    unsafe ZSTD_freeCCtx(compressor)
    unsafe ZSTD_freeDCtx(decompressor)
  }

  /// A dictionary from the store; blocks that name it can then be read.
  /// - Returns: false where it is none.
  func know(_ dictionary: [UInt8], isCurrent: Bool) -> Bool {
    let id = unsafe dictionary.withUnsafeBytes {
      unsafe ZDICT_getDictID($0.baseAddress, $0.count)
    }
    guard id != 0 else { return false }
    known[id] = dictionary
    if isCurrent { self.dictionary = dictionary }
    return true
  }

  /// Nil where it would not gain.
  func compress(_ bytes: [UInt8]) -> [UInt8]? {
    let bound = ZSTD_compressBound(bytes.count)
    var failed = false
    let packed = unsafe [UInt8](unsafeUninitializedCapacity: bound) { target, count in
      let size = unsafe bytes.withUnsafeBytes { source in
        unsafe dictionary.withUnsafeBytes { dictionary in
          unsafe ZSTD_compress_usingDict(
            compressor, target.baseAddress, target.count, source.baseAddress, source.count,
            dictionary.count > 0 ? dictionary.baseAddress : nil, dictionary.count, Self.level)
        }
      }
      failed = ZSTD_isError(size) != 0
      count = failed ? 0 : size
    }
    guard !failed, Double(packed.count) < Double(bytes.count) * (1 - Self.gainMin) else {
      return nil
    }
    return packed
  }

  /// Whether a part from the midst of `bytes` gains enough that all of it is worth compressing.
  func isWorthwhile(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count > 256 else { return false }
    let start = max(0, (bytes.count - Self.probeCount) / 2)
    let probe = unsafe Array(bytes[start..<min(bytes.count, start + Self.probeCount)])
    return compress(probe) != nil
  }

  /// - Parameter rawCount: what it must come to.
  /// - Returns: nil where it is damaged, or the dictionary that it needs is.
  func decompress(_ bytes: [UInt8], rawCount: Int) -> [UInt8]? {
    let id = unsafe bytes.withUnsafeBytes {
      unsafe ZSTD_getDictID_fromFrame($0.baseAddress, $0.count)
    }
    guard let dictionary = id == 0 ? [] : known[id] else { return nil }
    var size = 0
    let raw = unsafe [UInt8](unsafeUninitializedCapacity: rawCount) { target, count in
      size = unsafe bytes.withUnsafeBytes { source in
        unsafe dictionary.withUnsafeBytes { dictionary in
          unsafe ZSTD_decompress_usingDict(
            decompressor, target.baseAddress, rawCount, source.baseAddress, source.count,
            dictionary.count > 0 ? dictionary.baseAddress : nil, dictionary.count)
        }
      }
      count = ZSTD_isError(size) != 0 ? 0 : size
    }
    return raw.count == rawCount && ZSTD_isError(size) == 0 ? raw : nil
  }

  /// A dictionary trained on samples; nil where they are too few or too alike.
  static func train(_ samples: [[UInt8]]) -> [UInt8]? {
    let sizes = samples.map(\.count)
    let joined = samples.flatMap { $0 }
    var failed = false
    let dictionary = unsafe [UInt8](unsafeUninitializedCapacity: dictionaryCapacity) {
      target, count in
      let size = unsafe joined.withUnsafeBytes { joined in
        unsafe sizes.withUnsafeBufferPointer { sizes in
          unsafe ZDICT_trainFromBuffer(
            target.baseAddress, target.count, joined.baseAddress, sizes.baseAddress,
            UInt32(sizes.count))
        }
      }
      failed = ZDICT_isError(size) != 0
      count = failed ? 0 : size
    }
    return failed ? nil : dictionary
  }
}
