// Mirrors Sources/Journal.
import Testing
