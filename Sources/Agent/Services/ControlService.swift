/// The reader of commands as a service.
struct ControlService: Service {
  let commanded: Commanded
  // The agent owns what commands it.
  unowned let agent: Agent

  var name: String { "control" }
  var patience: StopPatience { .beside(sends: true) }

  func start() throws(AgentError) {
    do {
      try commanded.start(agent)
    } catch {
      throw AgentError("\(error)", .temporary)
    }
  }

  func reload() { commanded.reloadKeys() }

  func beginStop() { commanded.beginStop() }

  func stop(seconds: Double) { commanded.stop() }

  var health: ServiceHealth { commanded.health }
}
