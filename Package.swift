// swift-tools-version: 6.2
import PackageDescription

// Every room is built alike: Swift 6 mode, warnings are errors, and `unsafe` must be written where
// memory safety rests on us rather than on the compiler.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

// Each function in a section of its own, so that the linker can lay those that run for each frame side by side: between
// two frames a processor forgets code that is spread over a hundred pages. `tools/layout` writes which they are.
let apart: SwiftSetting = .unsafeFlags(
  ["-Xfrontend", "-function-sections"], .when(configuration: .release))
let layout: LinkerSetting = .unsafeFlags(
  [
    "-Xlinker", "--symbol-ordering-file=\(Context.packageDirectory)/Sources/vedetted/hot.order",
    "-Xlinker", "--no-warn-symbol-ordering",
  ], .when(configuration: .release))

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let arguments: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")

let nio: [Target.Dependency] = ["NIOCore", "NIOHTTP1", "NIOPosix"].map {
  .product(name: $0, package: "swift-nio")
}

func room(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [],
  resources: [Resource]? = nil
) -> Target {
  .target(
    name: name, dependencies: dependencies, exclude: exclude, resources: resources,
    swiftSettings: strict + [apart])
}

func program(
  _ name: String, _ dependencies: [Target.Dependency], path: String? = nil, exclude: [String] = [],
  linkerSettings: [LinkerSetting] = []
) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies, path: path, exclude: exclude, swiftSettings: strict,
    // The toolchain's own linker; the system's warns of functions in Foundation that are never called.
    linkerSettings: [.unsafeFlags(["-use-ld=lld"])] + linkerSettings)
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["CThreadSanitizer"], exclude: exclude,
    swiftSettings: strict)
}

let package = Package(
  name: "vedette",
  products: [
    .executable(name: "vedetted", targets: ["vedetted"]),
    .executable(name: "vedette", targets: ["vedette"]),
    // What runs networks, loaded when one is wanted. Another library is another target of this product.
    .library(name: "vedette-inference", type: .dynamic, targets: ["CInferenceOpenCV"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
  ],
  targets: [
    // What the system gives: module maps, with C where Swift cannot go (setjmp, ioctl macros).
    .systemLibrary(
      name: "CRdKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CLibV4L2", pkgConfig: "libv4l2", providers: [.apt(["libv4l-dev"])]),
    .systemLibrary(
      name: "CLibJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg62-turbo-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(
      name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CYUV", providers: [.apt(["libyuv-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .target(name: "CChecksum", cSettings: [.unsafeFlags(["-O2"])]),
    .target(
      name: "CDlib", cxxSettings: [.unsafeFlags(["-O3"]), .define("NDEBUG")],
      linkerSettings: [.linkedLibrary("dlib"), .linkedLibrary("openblas")]),
    .target(
      name: "CInference", cSettings: [.unsafeFlags(["-O3"])], linkerSettings: [.linkedLibrary("dl")]
    ),
    .target(
      name: "CInferenceOpenCV", dependencies: ["CInference"],
      cxxSettings: [
        .unsafeFlags(["-O2", "-fvisibility=hidden", "-isystem", "/usr/include/opencv4"])
      ],
      linkerSettings: [.linkedLibrary("opencv_dnn"), .linkedLibrary("opencv_core")]),
    .target(name: "CMatching", cSettings: [.unsafeFlags(["-O3"])]),
    .target(name: "CColours", cSettings: [.unsafeFlags(["-O3", "-Wno-psabi"])]),
    .target(name: "CMotion", cSettings: [.unsafeFlags(["-O3"])]),
    .target(name: "CPosix"),
    .target(name: "CPixelRows", cSettings: [.unsafeFlags(["-O3"])]),
    .target(name: "CV4L2", dependencies: ["CLibV4L2"]),
    .target(name: "CTurboJPEG", dependencies: ["CLibJPEG"]),
    .target(name: "CPNGReader", dependencies: ["CPNG"]),

    // The rooms; arrows only downwards.
    room("Frames", []),
    room("Meters", []),
    room("Paths", ["CPosix"]),
    room("Terminal", ["Paths"]),
    room("Threads", ["CPosix"]),
    room("Journal", ["CPosix", "Terminal", "Threads", log]),
    room("Documents", ["Paths"]),
    room("Keys", []),
    room("YAML", ["CYAML"]),
    room("Settings", ["CPosix", "Frames", "Keys", "Paths", "YAML"]),
    room("Capture", ["CPosix", "Frames", "Meters", "Paths", "Threads", "CV4L2", log]),
    room("Imaging", ["CPixelRows", "CPNGReader", "Frames", "CTurboJPEG", "CYUV"]),
    room("Motion", ["CMotion", "Frames"]),
    room("Faces", ["CChecksum", "CDlib", "CPosix", "Frames", "Paths"]),
    room("Inference", ["CInference", "CPosix", "Frames", "Paths", "YAML"]),
    room("Colours", ["CColours", "Threads"]),
    room("Kafka", ["CRdKafka", "Paths", "Threads"]),
    room(
      "Spool", ["CChecksum", "CPosix", "CZstd", "Paths", "Threads", crypto], exclude: ["FORMAT.md"]),
    room(
      "Gallery", ["CChecksum", "CMatching", "CPosix", "CSQLite", "Documents", "Paths", crypto]),
    room("Delivery", ["Journal", "Kafka", "Meters", "Spool", "Threads", log]),
    room(
      "Analysis", ["Documents", "Frames", "Gallery", "Imaging", "Keys", "Meters", "Threads"]),
    // Analysers, a room each, and the table that makes them known.
    room(
      "ColourAnalyser", ["Analysis", "Colours", "Documents", "Frames", "Imaging", "Keys"]),
    room(
      "FaceAnalyser",
      ["Analysis", "Documents", "Faces", "Frames", "Gallery", "Imaging", "Keys"]),
    room(
      "LabelAnalyser",
      [
        "Analysis", "Documents", "Frames", "Imaging", "Inference", "Keys", "Motion", "Paths",
        "YAML",
      ], exclude: ["README.md"]),
    room(
      "MotionAnalyser",
      ["Analysis", "Documents", "Frames", "Keys", "Motion", "Threads"], exclude: ["README.md"]),
    room("ThumbnailAnalyser", ["Analysis", "Frames", "Imaging", "Keys"]),
    room(
      "Analysers",
      [
        "Analysis", "ColourAnalyser", "FaceAnalyser", "Keys", "LabelAnalyser", "MotionAnalyser",
        "ThumbnailAnalyser",
      ]),
    room(
      "Status", ["Documents", "Meters", "Terminal", "Threads"] + nio,
      resources: [.embedInCode("page.html")]),
    room(
      "Control",
      [
        "CPosix", "Documents", "Gallery", "Journal", "Kafka", "Paths", "Terminal", "Threads",
        crypto, log,
      ]),
    room(
      "Agent",
      [
        "Analysers", "Analysis", "Capture", "ColourAnalyser", "Colours", "Control", "CPosix",
        "Delivery", "Documents", "FaceAnalyser", "Faces", "Frames", "Gallery", "Imaging", "Journal",
        "Kafka", "Keys", "Meters", "Motion", "Paths", "Settings", "Spool", "Status", "Terminal",
        "Threads", "YAML", asn1, log,
      ]),

    // What people start.
    room(
      "DaemonCommand",
      ["Agent", "CPosix", "Journal", "Settings", "Terminal", arguments, log]),
    program(
      "vedetted", ["Control", "DaemonCommand", "Paths", arguments], exclude: ["hot.order"],
      linkerSettings: [layout]),
    program(
      "vedette",
      [
        "Agent", "Analysers", "Capture", "Colours", "Control", "CPosix", "DaemonCommand",
        "Delivery", "Documents", "FaceAnalyser", "Faces", "Frames", "Gallery", "Imaging",
        "Inference", "Journal", "Kafka", "Meters", "Paths", "Settings", "Spool",
        "Status", "Terminal", "Threads", arguments, log,
      ], linkerSettings: [layout]),

    // What tests and tools start.
    .target(
      name: "CDlibReference", path: "Tests/Programs/dlibreference",
      cxxSettings: [.unsafeFlags(["-O3"]), .define("NDEBUG")],
      linkerSettings: [.linkedLibrary("dlib"), .linkedLibrary("openblas")]),
    program("mockbroker", ["CPosix", "Kafka"], path: "Tests/Programs/mockbroker"),
    program(
      "facebench", ["CDlibReference", "CPosix", "Faces", "Frames", "Imaging", arguments],
      path: "Tests/Programs/facebench"),
    program(
      "labelbench", ["CPosix", "Frames", "Imaging", "Inference", arguments],
      path: "Tests/Programs/labelbench"),
    program(
      "motionbench",
      ["CPosix", "CScenes", "Frames", "Imaging", "Motion", "TestDice", "TestScenes", arguments],
      path: "Tests/Programs/motionbench"),
    program("framereader", ["CPosix", "Kafka"], path: "Tests/Programs/framereader"),
    program("coloursbench", ["Colours", "CPosix", "Threads"], path: "Tests/Programs/coloursbench"),
    program("spoolbench", ["CPosix", "Spool"], path: "Tests/Programs/spoolbench"),
    program(
      "gallerybench", ["CPosix", "Gallery", "TestDice"], path: "Tests/Programs/gallerybench"),
    program("gallerywork", ["CPosix", "Gallery", "TestDice"], path: "Tests/Programs/gallerywork"),
    program(
      "controlwork", ["Control", "CPosix", "Documents", "Gallery", "Threads", log],
      path: "Tests/Programs/controlwork"),
    program("spoolwork", ["CPosix", "Spool"], path: "Tests/Programs/spoolwork"),
    program(
      "fuzz",
      [
        "Analysers", "Capture", "Control", "CPosix", "CV4L2", "Documents", "Frames", "Gallery",
        "Imaging", "Inference", "Meters", "Settings", "Spool", "TestModels", "Threads", "YAML",
        arguments, log,
      ],
      path: "Tests/Programs/fuzz", exclude: ["weights.py"]),

    // What several of the tests share.
    .target(name: "CThreadSanitizer", path: "Tests/Support/CThreadSanitizer"),
    .target(name: "TestDice", path: "Tests/Support/TestDice", swiftSettings: strict),
    .target(
      name: "TestBatches", dependencies: ["Kafka"], path: "Tests/Support/TestBatches",
      swiftSettings: strict),
    .target(name: "TestBombs", path: "Tests/Support/TestBombs", swiftSettings: strict),
    .target(
      name: "CScenes", path: "Tests/Support/CScenes", cSettings: [.unsafeFlags(["-O2"])],
      linkerSettings: [.linkedLibrary("m")]),
    .target(
      name: "TestScenes", dependencies: ["CScenes", "Frames", "Imaging", "TestDice"],
      path: "Tests/Support/TestScenes", swiftSettings: strict),
    .target(name: "TestModels", path: "Tests/Support/TestModels", swiftSettings: strict),
    .target(name: "TestFetching", path: "Tests/Support/TestFetching", swiftSettings: strict),
    .target(name: "TestFolders", path: "Tests/Support/TestFolders", swiftSettings: strict),

    tests("FramesTests", ["Frames"]),
    tests("MetersTests", ["Meters"]),
    tests("DocumentsTests", ["Documents"]),
    tests("PathsTests", ["CPosix", "Paths"]),
    tests("TerminalTests", ["Terminal"]),
    tests("ThreadsTests", ["Threads"]),
    tests("JournalTests", ["CPosix", "Journal", log]),
    tests("SettingsTests", ["Analysers", "FaceAnalyser", "Frames", "Keys", "Settings", "YAML"]),
    tests("CaptureTests", ["Capture", "CPosix", "CV4L2", "Frames", "Meters", "Threads", log]),
    tests("ImagingTests", ["CPNG", "Imaging", "CPixelRows", "Frames", "TestBombs"]),
    tests(
      "FacesTests",
      [
        "CDlibReference", "Faces", "Frames", "Gallery", "Imaging", "TestDice", "TestFetching",
      ]),
    tests(
      "InferenceTests",
      ["Frames", "Imaging", "Inference", "TestDice", "TestFetching", "TestModels"],
      exclude: ["onnxruntime.json"]),
    tests("ColoursTests", ["CColours", "Colours"]),
    tests(
      "MotionTests", ["CScenes", "Frames", "Motion", "TestDice", "TestFetching", "TestScenes"]),
    tests("KafkaTests", ["Kafka"]),
    tests("SpoolTests", ["Spool", "TestDice", "TestFolders"]),
    tests("GalleryTests", ["CMatching", "CSQLite", "Gallery", "TestDice", "TestFolders"]),
    tests("DeliveryTests", ["CPosix", "Delivery", "Kafka", "Meters", "Spool", "TestFolders", log]),
    tests(
      "AnalysisTests",
      [
        "Analysis", "ColourAnalyser", "Colours", "Documents", "FaceAnalyser", "Faces", "Frames",
        "Gallery",
        "Imaging", "Keys", "TestFetching", "Threads",
      ]),
    tests(
      "LabelAnalyserTests",
      [
        "Analysis", "Documents", "Frames", "Imaging", "Inference", "Keys", "LabelAnalyser",
        "TestModels",
      ]),
    tests(
      "MotionAnalyserTests",
      ["Analysis", "Documents", "Frames", "Imaging", "Keys", "MotionAnalyser"]),
    tests(
      "ThumbnailAnalyserTests", ["Analysis", "Frames", "Imaging", "Keys", "ThumbnailAnalyser"]),
    tests("StatusTests", ["Analysers", "Analysis", "Documents", "Meters", "Status"] + nio),
    tests(
      "ControlTests",
      [
        "Control", "Documents", "Gallery", "Kafka", "TestBatches", "TestDice", "TestFolders",
        "Threads", log,
      ]),
    tests(
      "AgentTests",
      [
        "Agent", "Analysers", "Analysis", "Capture", "Colours", "Control", "Delivery", "Documents",
        "FaceAnalyser", "Frames", "Gallery", "Imaging", "Journal", "Kafka", "Keys", "Meters",
        "Motion", "Paths", "Settings", "Spool", "Status", "TestDice", "TestFetching", "TestScenes",
        "YAML", log,
      ]),
    tests(
      "EndToEndTests",
      [
        "Analysers", "Analysis", "Control", "CPosix", "Frames", "Gallery", "Imaging", "Kafka",
        "TestBatches", "TestBombs", "TestFetching", "TestModels",
      ]),
  ],
  cxxLanguageStandard: .cxx17
)

// `tools/test` builds a few rooms' tests under the thread sanitizer: the others would take as long to compile, and start no
// threads.
if let rooms = Context.environment["VEDETTE_TESTS"]?.split(separator: " ") {
  package.targets.removeAll { $0.type == .test && !rooms.contains($0.name.dropLast("Tests".count)) }
}
