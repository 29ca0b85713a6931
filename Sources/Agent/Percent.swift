/// Text in a header, as CloudEvents' Kafka binding wants it: printable ASCII, all else percent-encoded.
enum Percent {
  static func encoded(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      if (0x21...0x7E).contains(byte), byte != UInt8(ascii: "%"), byte != UInt8(ascii: "\"") {
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        encoded += "%" + (digits.utf8.count == 1 ? "0" + digits : digits)
      }
    }
    return encoded
  }
}
