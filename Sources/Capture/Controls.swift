import CV4L2
import Glibc

/// One of a camera's controls: brightness, exposure and the like.
package struct ControlDescription: Equatable, Sendable {
  /// As v4l2-ctl writes it: lower case, underscores.
  package var name: String
  package var id: UInt32
  /// `integer`, `boolean`, `menu` or `button`; others are not set.
  package var kind: String
  package var minimum: Int
  package var maximum: Int
  package var preset: Int
  /// The names of a menu's items, by number.
  package var items: [Int: String] = [:]
  package var isReadOnly: Bool
  /// Without effect until another control is changed, e.g. exposure time under automatic exposure.
  package var isInactive: Bool
}

extension Device {
  /// All controls that the device shows.
  func controls() -> [ControlDescription] {
    var found: [ControlDescription] = []
    var id: UInt32 = 0
    for _ in 0..<512 {
      var query = v4l2_queryctrl()
      query.id = id | VP_CTRL_FLAG_NEXT
      guard control(VP_QUERYCTRL, &query) == 0 else { break }
      id = query.id
      guard query.flags & VP_CTRL_FLAG_DISABLED == 0, let kind = Self.kind(query.type) else {
        continue
      }
      let name = unsafe withUnsafeBytes(of: &query.name) { unsafe Self.text($0) }
      var description = ControlDescription(
        name: Self.plainName(name), id: id, kind: kind, minimum: Int(query.minimum),
        maximum: Int(query.maximum), preset: Int(query.default_value),
        isReadOnly: query.flags & VP_CTRL_FLAG_READ_ONLY != 0,
        isInactive: query.flags & VP_CTRL_FLAG_INACTIVE != 0)
      if kind == "menu" { description.items = items(of: query) }
      found.append(description)
    }
    return found
  }

  private func items(of query: v4l2_queryctrl) -> [Int: String] {
    var items: [Int: String] = [:]
    // As Int: a driver's two ends may lie farther apart than 32 bits count.
    guard query.maximum >= query.minimum, Int(query.maximum) - Int(query.minimum) < 256 else {
      return items
    }
    for index in query.minimum...query.maximum {
      var menu = v4l2_querymenu()
      menu.id = query.id
      menu.index = UInt32(bitPattern: index)
      guard control(VP_QUERYMENU, &menu) == 0 else { continue }
      if query.type == V4L2_CTRL_TYPE_INTEGER_MENU.rawValue {
        // The union's number, read from its bytes: the field is packed.
        let value = unsafe withUnsafeBytes(of: &menu) {
          unsafe $0.loadUnaligned(fromByteOffset: 8, as: Int64.self)
        }
        items[Int(index)] = String(value)
      } else {
        items[Int(index)] = unsafe withUnsafeBytes(of: &menu) {
          unsafe Self.text(UnsafeRawBufferPointer(rebasing: $0[8..<40]))
        }
      }
    }
    return items
  }

  private static func kind(_ type: UInt32) -> String? {
    switch type {
    case V4L2_CTRL_TYPE_INTEGER.rawValue, V4L2_CTRL_TYPE_BITMASK.rawValue: "integer"
    case V4L2_CTRL_TYPE_BOOLEAN.rawValue: "boolean"
    case V4L2_CTRL_TYPE_MENU.rawValue, V4L2_CTRL_TYPE_INTEGER_MENU.rawValue: "menu"
    case V4L2_CTRL_TYPE_BUTTON.rawValue: "button"
    default: nil
    }
  }

  /// `White Balance, Automatic` becomes `white_balance_automatic`.
  static func plainName(_ name: String) -> String {
    var plain = ""
    for character in name.lowercased() {
      if character.isASCII, character.isLetter || character.isNumber {
        plain.append(character)
      } else if !plain.isEmpty, plain.last != "_" {
        plain.append("_")
      }
    }
    while plain.last == "_" { plain.removeLast() }
    return plain
  }

  func value(of description: ControlDescription) -> Int? {
    var value = v4l2_control()
    value.id = description.id
    return control(VP_G_CTRL, &value) == 0 ? Int(value.value) : nil
  }

  /// Sets the wanted controls and reads them back.
  /// - Parameter given: what an earlier call set, to tell what the camera has lost since.
  /// - Returns: a sentence for each that is not as wanted, without which streaming goes on; and the
  ///   values that the camera took, by control.
  func apply(
    _ wanted: [DeviceRequest.Control], after given: [UInt32: Int] = [:]
  ) -> (faults: [String], given: [UInt32: Int]) {
    guard !wanted.isEmpty else { return ([], [:]) }
    let known = controls()
    var faults: [String] = []
    var taken: [UInt32: Int] = [:]
    for wish in wanted {
      guard let description = known.first(where: { $0.name == Self.plainName(wish.name) }) else {
        faults.append(Self.unknown(wish.name, known))
        continue
      }
      if let before = given[description.id], let now = value(of: description), now != before {
        faults.append(
          "the camera changed \(description.name) from \(before) to \(now) by itself; it is set again"
        )
      }
      if let fault = set(description, wish.value) {
        faults.append(fault)
      } else if description.kind != "button", let now = value(of: description) {
        taken[description.id] = now
      }
    }
    // Looked at last: the wish that frees a control may come after the one that sets it.
    for description in known where taken[description.id] != nil && isInactive(description) {
      faults.append(
        "\(description.name) has no effect for now: another control, such as an automatic mode, governs it"
      )
    }
    return (faults, taken)
  }

  private static func unknown(_ name: String, _ known: [ControlDescription]) -> String {
    let words = plainName(name).split(separator: "_").filter { $0.count > 2 }
    let near = known.map(\.name).filter { name in words.contains { name.contains($0) } }
    let names = near.isEmpty ? known.map(\.name) : near
    return "the camera has no control \"\(name)\"; "
      + (names.isEmpty
        ? "it has none" : (near.isEmpty ? "it has " : "near it: ") + names.joined(separator: ", "))
  }

  private func isInactive(_ description: ControlDescription) -> Bool {
    var query = v4l2_queryctrl()
    query.id = description.id
    return control(VP_QUERYCTRL, &query) == 0 && query.flags & VP_CTRL_FLAG_INACTIVE != 0
  }

  private func set(_ description: ControlDescription, _ text: String) -> String? {
    let name = description.name
    guard !description.isReadOnly else { return "\(name) can only be read" }
    guard let number = Self.number(text, description) else {
      let items = description.items.sorted { $0.key < $1.key }.map { "\($0.value) (\($0.key))" }
      let range =
        description.kind == "boolean"
        ? "on or off" : "\(description.minimum) to \(description.maximum)"
      return "\(name) cannot be \"\(text)\"; it takes "
        + (items.isEmpty ? range : items.joined(separator: ", "))
    }
    var value = v4l2_control()
    value.id = description.id
    value.value = Int32(clamping: number)
    let failure = control(VP_S_CTRL, &value)
    guard failure == 0 else {
      return "\(name) could not be set to \(text): \(CaptureError.name(failure))"
        + (isInactive(description)
          ? "; another control, such as an automatic mode, governs it" : "")
    }
    guard description.kind != "button", let given = self.value(of: description), given != number
    else {
      return nil
    }
    return "\(name) was set to \(number), but the camera says \(given)"
  }

  /// A value as written: a number, on/off, or a menu item's name.
  static func number(_ text: String, _ description: ControlDescription) -> Int? {
    let plain = plainName(text)
    if description.kind == "menu" {
      if let item = description.items.first(where: { plainName($0.value) == plain }) {
        return item.key
      }
      return Int(text).flatMap { description.items[$0] == nil ? nil : $0 }
    }
    if description.kind == "boolean" || description.kind == "button" {
      switch plain {
      case "on", "true", "yes", "1": return 1
      case "off", "false", "no", "0": return 0
      default: return nil
      }
    }
    guard let number = Int(text), description.minimum <= description.maximum,
      (description.minimum...description.maximum).contains(number)
    else { return nil }
    return number
  }
}
