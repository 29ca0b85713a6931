/// What this is a version of.
package enum Version {
  /// By semver.org; tools/package reads it here.
  package static let text = "0.1.0"
}
