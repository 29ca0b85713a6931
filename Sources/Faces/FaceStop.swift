import CDlib

/// Ends the search for faces, and their encoding, within a moment: for whoever ends the process. Any thread may set it;
/// once set it stays so.
@safe
package final class FaceStop: @unchecked Sendable {
  /// Nil where there was no memory for it; then nothing ends early.
  let handle: OpaquePointer?

  package init() { unsafe handle = unsafe vd_stop_new() }

  deinit { if let handle = unsafe handle { unsafe vd_stop_free(handle) } }

  package func set() { if let handle = unsafe handle { unsafe vd_stop_set(handle) } }

  package var isSet: Bool {
    if let handle = unsafe handle { unsafe vd_stop_is_set(handle) != 0 } else { false }
  }

  func check() throws(FacesError) {
    if isSet { throw FacesError(.cancelled, "faces are not looked for: the work was to end early") }
  }
}
