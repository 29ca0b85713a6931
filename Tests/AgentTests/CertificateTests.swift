import Testing

@testable import Agent

/// Until when certificates are valid.
@Suite struct CertificateTests {
  /// By openssl req -x509, with a time of two digits a year, as X.509 has it until 2049.
  private static let box = """
    -----BEGIN CERTIFICATE-----
    MIIBMDCB46ADAgECAhRPpRaa627viyU6rAgJAplQG0QiCTAFBgMrZXAwDjEMMAoG
    A1UEAwwDYm94MB4XDTI2MTEyMTEzMzIzM1oXDTI5MDgxNzEzMzIzM1owDjEMMAoG
    A1UEAwwDYm94MCowBQYDK2VwAyEAwsVHQkbs4PrJNcY8piQVFWBY2+yAFoTbe/oE
    IpYN3z2jUzBRMB0GA1UdDgQWBBRhRW7E5MdpERuA8SP1DduslY3S/zAfBgNVHSME
    GDAWgBRhRW7E5MdpERuA8SP1DduslY3S/zAPBgNVHRMBAf8EBTADAQH/MAUGAytl
    cANBAFK1zIVz+eAttLoxhli8P+xnqj+sWynWZaAIrD7NkklA5c9rwE1NZlY9YHTX
    IoPXs5MUmkQTPCePn6DmxutWWAQ=
    -----END CERTIFICATE-----
    """
  /// One that lives longer, with four digits a year.
  private static let authority = """
    -----BEGIN CERTIFICATE-----
    MIIBMDCB46ADAgECAhQEl+Q9ZQ9ERqzb0q8uaZTs5miYWzAFBgMrZXAwDTELMAkG
    A1UEAwwCY2EwIBcNMjYxMTIxMTMzMjMzWhgPMjA1OTA5MjkxMzMyMzNaMA0xCzAJ
    BgNVBAMMAmNhMCowBQYDK2VwAyEAz3rPbr3FuXQ7igvQM+Ehes0Do0D8QMOkE/9m
    rNWhSpmjUzBRMB0GA1UdDgQWBBS4EWul5J3BPgJOIFT9ZTa+QcImFDAfBgNVHSME
    GDAWgBS4EWul5J3BPgJOIFT9ZTa+QcImFDAPBgNVHRMBAf8EBTADAQH/MAUGAytl
    cANBAMi1e8yVz+ksL6IHjelCUftHarCB/3QAOylmWZFpr+xNOwUibEWbeNtKittv
    ebISAGIVH49oJ+X8m39tLsmf7Qc=
    -----END CERTIFICATE-----
    """

  @Test func `The time is read in both of its forms, and of several the first counts`() {
    #expect(CertificateProbe.expiry(pem: Self.box) == 1881667953_000_000)
    #expect(CertificateProbe.expiry(pem: Self.authority) == 2832067953_000_000)
    #expect(CertificateProbe.expiry(pem: Self.authority + "\n" + Self.box) == 1881667953_000_000)
  }

  @Test func `What is no certificate has no time, and nothing crashes`() {
    #expect(CertificateProbe.expiry(pem: "") == nil)
    #expect(
      CertificateProbe.expiry(pem: "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----")
        == nil)
    var text = Array(Self.box)
    for index in text.indices.dropFirst(28).dropLast(26) {
      let kept = text[index]
      text[index] = kept == "A" ? "Q" : "A"
      _ = CertificateProbe.expiry(pem: String(text))
      text[index] = kept
    }
  }

  @Test func `Files that are not there or hold something else are passed over`() {
    let probe = CertificateProbe([
      "ssl.certificate.location": "/nowhere", "ssl.ca.location": "/dev/null",
    ])
    #expect(probe.look(1).isEmpty)
  }
}
