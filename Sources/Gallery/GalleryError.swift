/// What went wrong with the gallery: a sentence for the operator.
package struct GalleryError: Error, CustomStringConvertible, Equatable, Sendable {
  package enum Code: Sendable {
    /// The disk refuses: full, read-only, failing, gone.
    case disk
    /// It may be there, but this user may not look.
    case denied
    /// What is in the file is not what was written, or it is no gallery.
    case damaged
    /// Another process keeps the file longer than the time that we wait.
    case busy
    /// A later version of the agent wrote it.
    case unknownVersion
    /// A name, an encoding or another value is not one that the gallery takes.
    case badInput
    /// A bound was reached.
    case full
    /// There is no such person, photo, upload or model.
    case notFound
    /// A replacement is older than what is here.
    case stale
    /// What came is not what was announced.
    case mismatch
    /// The caller gave up.
    case cancelled
  }

  package var code: Code
  package var description: String

  package init(_ code: Code, _ sentence: String) {
    self.code = code
    description = sentence
  }
}
