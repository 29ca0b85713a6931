// Mirrors Sources/Capture.
import Testing
