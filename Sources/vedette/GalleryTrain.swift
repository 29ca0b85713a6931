import Agent
import ArgumentParser
import Documents
import Gallery

struct GalleryTrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains logistic regression on the gallery, and tells its cross-validated accuracy.",
    discussion: """
      It wants some encodings of each person, better 100. The agent uses it where its configuration says so.

      Example: vedette gallery train --regularisation 10
      """)

  @OptionGroup var place: GalleryPlace
  @Option(
    name: .customLong("regularisation"), help: "scikit-learn's C: large is a weak regularisation.")
  var inverseRegularisation = TrainingOptions().inverseRegularisation
  @Option(help: "Parts for cross-validation; 0 for none.")
  var folds = TrainingOptions().folds
  @Option(help: "People with fewer encodings are left out.")
  var least = TrainingOptions().encodingsMin
  @Option(help: "Which encodings, where the gallery has those of several models.")
  var model: String?
  @Flag(help: "One JSON object.")
  var json = false

  func run() throws {
    let gallery = try place.openExisting()
    let classifier = try GalleryPlace.attempt { () throws(GalleryError) in
      var options = TrainingOptions()
      options.inverseRegularisation = inverseRegularisation
      options.folds = folds
      options.encodingsMin = least
      if let model { options.model = try ModelName(model) }
      return try gallery.train(options) { part in
        GalleryPlace.progress("training: \(Int(part * 100)) %")
        return true
      }
    }
    GalleryPlace.endProgress()
    print(json ? Self.json(classifier.training).line : Self.sentence(classifier.training))
  }

  static func sentence(_ training: Classifier.Training) -> String {
    let accuracy = training.accuracy.map {
      ", \((($0 * 1000).rounded() / 10)) % right in \(training.folds)-fold cross-validation"
    }
    return "trained on \(training.samples) encodings of \(training.people) people of version "
      + "\(training.version)\(accuracy ?? "")"
  }

  static func json(_ training: Classifier.Training) -> JSON {
    .object([
      ("version", .integer(Int(clamping: training.version))),
      ("hash", .string(training.hash.description)),
      ("model", .string(training.model.text)), ("people", .integer(training.people)),
      ("encodings", .integer(training.samples)), ("folds", .integer(training.folds)),
      ("accuracy", training.accuracy.map { .rounded($0) } ?? .null),
      ("iterations", .integer(training.iterations)),
    ])
  }
}
