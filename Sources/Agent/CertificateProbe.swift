import Paths
import Status
import SwiftASN1
import Synchronization

/// Reads until when the certificates are valid that the brokers are met with. A call may take as long as a disk takes.
final class CertificateProbe: Sendable {
  private static let properties = ["ssl.certificate.location", "ssl.ca.location"]
  private static let intervalNanoseconds: UInt64 = 600_000_000_000
  private static let bytesMax = 1 << 20

  private struct Seen {
    var time: UInt64?
    var views: [CertificateView] = []
  }

  private let paths: [String]
  private let seen = Mutex(Seen())

  /// - Parameter properties: librdkafka's.
  init(_ properties: [String: String]) {
    paths = Self.properties.compactMap { properties[$0] }
  }

  /// Of each file that certificates can be read from; looked up every ten minutes.
  /// - Parameter now: nanoseconds of CLOCK_MONOTONIC.
  func look(_ now: UInt64) -> [CertificateView] {
    seen.withLock { seen in
      if let time = seen.time, now - min(now, time) < Self.intervalNanoseconds { return seen.views }
      seen.time = now
      seen.views = paths.compactMap { path in
        Self.expiry(pem: Self.read(path)).map { CertificateView(path: path, expires: $0) }
      }
      return seen.views
    }
  }

  /// When the first of a file's certificates expires, microseconds since 1970; nil where there is none.
  static func expiry(pem text: String) -> Int64? {
    let documents = (try? PEMDocument.parseMultiple(pemString: text)) ?? []
    return documents.filter { $0.discriminator == "CERTIFICATE" }
      .compactMap { try? expiry(der: $0.derBytes) }.min()
  }

  /// notAfter of a certificate's validity (RFC 5280, 4.1).
  private static func expiry(der: [UInt8]) throws -> Int64? {
    guard let body = children(try DER.parse(der)).first else { return nil }
    var fields = children(body)[...]
    // The version is left out where it is 1.
    if fields.first?.identifier == ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific) {
      fields.removeFirst()
    }
    // Serial number, algorithm, issuer, validity.
    guard fields.count > 3, let end = children(fields[fields.startIndex + 3]).dropFirst().first
    else { return nil }
    if end.identifier == .utcTime {
      let time = try UTCTime(derEncoded: end)
      return microseconds(
        time.year, time.month, time.day, time.hours * 3600 + time.minutes * 60 + time.seconds)
    }
    let time = try GeneralizedTime(derEncoded: end)
    return microseconds(
      time.year, time.month, time.day, time.hours * 3600 + time.minutes * 60 + time.seconds)
  }

  private static func children(_ node: ASN1Node) -> [ASN1Node] {
    guard case .constructed(let nodes) = node.content else { return [] }
    return Array(nodes)
  }

  /// By the days of the Gregorian calendar (H. Hinnant, 'chrono-compatible low-level date algorithms',
  /// days_from_civil).
  private static func microseconds(_ year: Int, _ month: Int, _ day: Int, _ seconds: Int) -> Int64 {
    let shifted = month > 2 ? year : year - 1
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let ofEra = shifted - era * 400
    let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let days = era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    return (Int64(days) * 86_400 + Int64(seconds)) * 1_000_000
  }

  private static func read(_ path: String) -> String {
    let bytes = try? WholeFile.beginning(of: path, bytesMax: bytesMax)
    return String(decoding: bytes ?? [], as: UTF8.self)
  }
}
