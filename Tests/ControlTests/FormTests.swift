import Control
import Documents
import Testing

@Suite("Messages") struct FormTests {
  @Test("have times that are read as they are written")
  func times() {
    for text in ["1970-01-01T00:00:00Z", "2026-02-28T23:59:59.5Z", "2024-02-29T12:00:00.000001Z"] {
      let time = Timestamp(text)
      #expect(time.flatMap { Timestamp($0.description) } == time && time != nil, "\(text)")
    }
    #expect(Timestamp("2026-01-31T12:00:00Z")?.microseconds == 1_769_860_800_000_000)
    for bad in [
      "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01",
      "2026-01-01T00:00:00", "2026-01-01T00:00:00+00:00", "2026-01-01 00:00:00Z",
      "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567Z", "+026-01-01T00:00:00Z",
      "2026-01-01T00:00:60Z", "",
    ] { #expect(Timestamp(bad) == nil, "\(bad)") }
  }

  /// RFC 4648, section 10.
  @Test("have Base64 of one form only") func base64() {
    for (plain, text) in [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
      ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ] {
      #expect(Base64.encoded(bytes(plain)) == text)
      #expect(Base64.decoded(text) == bytes(plain))
    }
    for bad in ["Zg", "Zg=", "Zh==", "Zm9=", "Zm9v=", "====", "Z===", "Zm 9", "Zm-_"] {
      #expect(Base64.decoded(bad) == nil, "\(bad)")
    }
  }

  /// RFC 8032, section 7.1, test 2.
  @Test("have signatures of Ed25519") func signatures() throws {
    func hex(_ text: String) -> [UInt8] {
      let digits = Array(text)
      return stride(from: 0, to: digits.count, by: 2).compactMap {
        UInt8(String(digits[$0...$0 + 1]), radix: 16)
      }
    }
    let key = TrustedKey(
      issuer: "x", bytes: hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"))
    let signature = hex(
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    #expect(key.isValid(signature, of: [0x72]))
    #expect(!key.isValid(signature, of: [0x73]))
    #expect(!key.isValid(Array(signature.dropLast()), of: [0x72]))
  }

  @Test(
    "lack nothing, and have nothing that is not known",
    arguments: [
      ("id", nil), ("id", ""), ("id", "a b"), ("id", 5), ("issuer", nil), ("sequence", -1),
      ("sequence", 1.5), ("sequence", "1"), ("issued_at", "yesterday"), ("expires_at", nil),
      ("expires_at", "2026-01-01T00:00:00Z"), ("expires_at", "2036-01-01T00:00:00Z"),
      ("target", nil), ("target", [:]), ("target", ["nodes": []]), ("target", ["all": false]),
      ("target", ["all": true, "nodes": ["a"]]), ("target", ["all": true, "percent": 0]),
      ("target", ["all": true, "percent": 101]), ("target", ["labels": ["a": 1]]),
      ("target", ["everybody": true]), ("command", nil), ("command", ["typ": "ping"]),
      ("command", "ping"), ("signature", "x"), ("signature", ["key": "a", "ed25519": "AQ=="]),
      ("more", 1),
    ] as [(String, JSON?)])
  func members(name: String, value: JSON?) throws {
    let right: JSON = [
      "id": "a", "issuer": "ops", "sequence": 1, "issued_at": "2026-01-31T12:00:00Z",
      "expires_at": "2026-01-31T13:00:00Z", "target": ["all": true], "command": ["type": "ping"],
    ]
    #expect(reason { () throws(Rejection) in _ = try Envelope(right) } == nil)
    var members = right.members ?? [:]
    members[name] = value
    #expect(
      reason { () throws(Rejection) in _ = try Envelope(.object(members)) } == .malformed)
  }
}
