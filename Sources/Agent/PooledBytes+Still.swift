package import Frames
import Status

extension PooledBytes: Still {
  package func read(_ body: (RawSpan) -> Void) { withSpan(body) }
}
