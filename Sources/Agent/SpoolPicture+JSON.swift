package import Documents
package import Spool

extension SpoolPicture {
  /// What is on disk, in all and by class. `compression` is what is stored of each byte that was written in
  /// this run, 1 where nothing was gained.
  package var json: JSON {
    let each = classes.sorted { $0.key > $1.key }.map { spoolClass, one in
      (
        spoolClass.name,
        JSON.object([
          ("records", .integer(one.records)), ("waiting_bytes", .integer(one.bytesWaiting)),
          ("bytes", .integer(one.bytes)),
          ("segments", .integer(one.segments)),
          (
            "compression",
            one.rawBytes > 0 ? .rounded(Double(one.storedBytes) / Double(one.rawBytes)) : .null
          ),
        ])
      )
    }
    return .object([
      ("bytes", .integer(bytes)), ("quota", .integer(quotaBytes)),
      ("dead_records", .integer(deadRecords)), ("classes", .object(each)),
    ])
  }
}
