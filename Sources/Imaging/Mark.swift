import Frames

/// A box with a label, to be drawn into a picture.
package struct Mark: Equatable, Sendable {
  package var box: Rectangle
  package var label: String
  package var colour: Colour

  package init(box: Rectangle, label: String, colour: Colour) {
    self.box = box
    self.label = label
    self.colour = colour
  }
}

extension Canvas {
  /// Text lower than this is not legible, and left out.
  private static let textHeightMin = 8

  /// Draws boxes, then all labels, so that no box crosses one. Lines and letters grow with the picture.
  package func draw(_ marks: [Mark]) {
    let line = max(1, min(size.width, size.height) / 180)
    for mark in marks { outline(mark.box, line, mark.colour) }
    for mark in marks where !mark.label.isEmpty { label(mark, line) }
  }

  private func outline(_ box: Rectangle, _ line: Int, _ colour: Colour) {
    let thickness = max(1, min(line, box.width / 4, box.height / 4))
    let (right, bottom) = (box.x + box.width, box.y + box.height)
    for area in [
      Rectangle(x: box.x, y: box.y, width: box.width, height: thickness),
      Rectangle(x: box.x, y: bottom - thickness, width: box.width, height: thickness),
      Rectangle(
        x: box.x, y: box.y + thickness, width: thickness, height: box.height - 2 * thickness),
      Rectangle(
        x: right - thickness, y: box.y + thickness, width: thickness,
        height: box.height - 2 * thickness),
    ] {
      fill(area, colour)
    }
  }

  /// Above the box where there is room, below it where there is none, else within; always within the picture.
  private func label(_ mark: Mark, _ line: Int) {
    let wanted = max(size.height / 40, min(mark.box.height / 6, size.height / 16), 13)
    let height = min(wanted, size.height / 2)
    guard height >= Self.textHeightMin else { return }
    let margin = max(1, height / 8)
    let text = TextMask(mark.label, height: height, widthMax: size.width - 2 * margin)
    guard text.width > 0 else { return }
    let (width, full) = (text.width + 2 * margin, height + 2 * margin)
    let x = max(0, min(mark.box.x, size.width - width))
    let below = mark.box.y + mark.box.height
    let y =
      if mark.box.y >= full {
        min(mark.box.y - full, size.height - full)
      } else if below >= 0, below + full <= size.height {
        below
      } else {
        max(0, min(mark.box.y + line, size.height - full))
      }
    fill(Rectangle(x: x, y: y, width: width, height: full), mark.colour)
    let isLight = mark.colour.ycc[0] > 140
    blend(
      Rectangle(x: x + margin, y: y + margin, width: text.width, height: text.height),
      isLight ? .black : .white
    ) { Int(text.coverage[$1 * text.width + $0]) }
  }
}
