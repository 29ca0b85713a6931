import CPosix

package enum Processors {
  /// Those that this process may run on.
  package static var count: Int { Int(vp_processor_count()) }
}
