/// Where video devices are looked for and the calls that reach them; tests put their own in their place.
struct VideoSystem: Sendable {
  var kernel: any DeviceCalls = KernelCalls()
  /// libv4l2 with its conversion.
  var converting: any DeviceCalls = ConvertingCalls()
  /// Goes before /dev and /sys.
  var root = ""
}
