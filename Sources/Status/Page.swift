/// The status page: one file that loads nothing from elsewhere, shows the cameras live, and draws what it has seen
/// since it was opened. It is `page.html`, which the build makes a part of the program.
enum Page {
  static let html = String(decoding: PackageResources.page_html, as: UTF8.self)
}
