package import Frames
package import Status

extension PooledBytes: Still {
  package func read(_ body: (RawSpan) -> Void) { withSpan(body) }
}
