/// Exit codes of sysexits.h that the programs use.
package enum ExitStatus {
  /// Input was no picture, or the like.
  package static let dataError: Int32 = 65
  package static let noInput: Int32 = 66
  package static let unavailable: Int32 = 69
  package static let cannotCreate: Int32 = 73
  /// It may pass: try again.
  package static let temporary: Int32 = 75
  /// This user may not.
  package static let noPermission: Int32 = 77
  /// The configuration is wrong.
  package static let configuration: Int32 = 78
}
