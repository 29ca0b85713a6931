import NIOHTTP1

/// A browser's way in where a token is asked for: the token goes once, in a form's body, and never into an address, a log
/// or the browser's history.
enum SignIn {
  private static func page(_ note: String) -> String {
    """
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Vedette: sign in</title>
    <style>
    :root { color-scheme: light dark }
    body { font: 15px/1.45 system-ui, sans-serif; margin: 4rem auto; max-width: 24rem; padding: 0 1rem }
    input, button { box-sizing: border-box; font: inherit; margin: .3rem 0; padding: .4rem; width: 100% }
    </style>
    <h1>Vedette</h1>
    <form method="post" action="/sign-in">
    <label>Token of this box <input type="password" name="token" autocomplete="current-password" autofocus required></label>
    <button>Sign in</button>
    </form>
    <p>\(note)</p>
    </html>

    """
  }

  /// To a request without the token.
  static func refusal(_ head: HTTPRequestHead, _ path: String) -> Answer {
    if path == "/", head.method == .GET {
      return Answer(.unauthorized, "text/html; charset=utf-8", page(""))
    }
    var answer = Answer.text(.unauthorized, "send the token: Authorization: Bearer TOKEN\n")
    answer.extra = [("WWW-Authenticate", "Bearer realm=\"vedette\"")]
    return answer
  }

  /// To what the form sends.
  static func answer(_ form: String, _ access: AccessControl) -> Answer {
    let token = form.split(separator: "&").first { $0.hasPrefix("token=") }
    guard let token, let session = access.signIn(decoded(token.dropFirst(6))) else {
      return Answer(
        .unauthorized, "text/html; charset=utf-8", page("This is not the token of this box."))
    }
    var answer = Answer.text(.seeOther, "")
    answer.extra = [
      ("Location", "/"),
      (
        "Set-Cookie",
        "\(AccessControl.cookie)=\(session); Path=/; HttpOnly; SameSite=Strict; Max-Age=\(AccessControl.sessionHours * 3600)"
      ),
    ]
    return answer
  }

  /// What a form's value stands for.
  private static func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"),
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
