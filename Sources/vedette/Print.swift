import Terminal

/// What this program prints may be from a topic, a driver or a file's name: all of it is made safe for terminals. Text with
/// colours of our own goes to `Swift.print`.
func print(_ item: some CustomStringConvertible) { Swift.print(item.description.terminalSafe) }
