// Mirrors Sources/Agent.
import Testing
