/// Where video devices are looked for and the calls that reach them; tests put their own in their place.
package struct VideoSystem: Sendable {
  var kernel: any DeviceCalls = KernelCalls()
  /// libv4l2 with its conversion.
  var converting: any DeviceCalls = ConvertingCalls()
  /// Goes before /dev and /sys.
  var root = ""
  /// A camera may always be silent for so long, and for so long before its first frame.
  var silenceSecondsMin = 5.0
  var firstFrameSecondsMin = 10.0
}

extension VideoSystem {
  /// One where `calls` answer for every device, with and without conversion.
  package init(calls: any DeviceCalls) { self.init(kernel: calls, converting: calls) }
}
