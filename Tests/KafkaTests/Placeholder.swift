// Mirrors Sources/Kafka.
import Testing
