// Mirrors Sources/Settings.
import Testing
