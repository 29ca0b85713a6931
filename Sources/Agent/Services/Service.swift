/// A part of the agent that runs. Services are started in their order and stopped in the other, say how they are, and make
/// themselves what another configuration says.
protocol Service: Sendable {
  /// For logs.
  var name: String { get }
  /// Begins. Where that fails nothing of it runs.
  func start() throws(AgentError)
  /// Becomes what it is to be, as far as it can while it runs, and notes in `running` what of it is so now: what no service
  /// notes takes effect at the next start.
  func adopt(_ new: Assembly, into running: inout Assembly) throws(AgentError)
  /// Reads files of its own again, which the configuration only names.
  func reload()
  /// Told to all before the first is stopped. Returns at once.
  func beginStop()
  /// Ends it, on a thread of its own.
  /// - Parameter seconds: that are left.
  func stop(seconds: Double)
  /// Has it give up what it is at, where it takes long to stop.
  func hurry()
  var patience: StopPatience { get }
  var health: ServiceHealth { get }
}

extension Service {
  func adopt(_ new: Assembly, into running: inout Assembly) throws(AgentError) {}
  func reload() {}
  func beginStop() {}
  func hurry() {}
  var health: ServiceHealth { .well }
}

/// How a service is, for the status and for systemd's watchdog.
enum ServiceHealth: Equatable, Sendable {
  case well
  /// It tries again, and everything else goes on: why.
  case impaired(String)
  /// A thread of it hangs, which a restart alone can mend: which.
  case stuck(String)
}

/// How long a service may take to stop. One that takes longer is left behind, so that none keeps another from its end.
enum StopPatience: Equatable, Sendable {
  case seconds(Double)
  /// Of the whole budget, at least a second. At half of it the service is told to hurry.
  case share(Double)
  /// The others go on meanwhile, and it is waited for at the end.
  /// - Parameter sends: whether it may have something for the service that takes the rest, which then waits a moment for it.
  case beside(sends: Bool)
  /// What the others leave of the budget, and so many seconds more.
  case rest(grace: Double)
}
