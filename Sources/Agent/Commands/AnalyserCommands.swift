import Analysers
import Analysis
import Control
import Documents

/// What analysers can be asked about the last picture of a camera.
enum AnalyserCommands {
  static let all = Analysers.all.flatMap { kind in kind.commands.map { row($0, of: kind.name) } }

  private static func row(_ command: PictureCommand, of analyser: String) -> Command<AgentTarget> {
    Command(command.type, .camera, isLong: true) { fields throws(Rejection) in
      let camera = try fields.word("camera")
      var arguments: [String: Double] = [:]
      for argument in command.arguments {
        arguments[argument.name] = try fields.optionalNumber(argument.name, argument.range)
      }
      return .work { [arguments] (box, isStopping) throws(CommandFailure) in
        let picture = try box.picture(camera)
        do throws(AnalyserFault) {
          var facts = try command.run(
            picture, arguments, box.options(of: analyser, camera), isStopping)
          facts["camera"] = .string(camera)
          return facts
        } catch {
          throw CommandFailure(error.description, isInterrupted: error.kind == .cancelled)
        }
      }
    }
  }
}
