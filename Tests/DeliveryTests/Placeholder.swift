// Mirrors Sources/Delivery.
import Testing
