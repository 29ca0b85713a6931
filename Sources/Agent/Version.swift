/// What this is a version of.
package enum Version {
  package static let text = "0.1.0"
}
