// swift-tools-version: 6.2

import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// Tests are compiled without optimisation, which is done sooner and changes nothing of what they test; but for those that
/// compute for long themselves, and for the clients that do a great many things at once.
let tests: [SwiftSetting] = strict + [.unsafeFlags(["-Onone"])]

/// Programs carry the Swift libraries inside. Said to the linker alone, so that programs and tests are compiled once:
/// `--static-swift-stdlib` would change every compiler call too. The two libraries are what FoundationEssentials needs when
/// it is linked this way.
let selfContained: [LinkerSetting] = [
    .unsafeFlags(["-static-stdlib"]),
    .linkedLibrary("_FoundationCShims"),
    .linkedLibrary("_FoundationCollections"),
]

/// What SQLite's library needs of Foundation beside that.
let wholeFoundation: [LinkerSetting] = [
    .linkedLibrary("CoreFoundation"), .linkedLibrary("_FoundationICU"),
    .linkedLibrary("FoundationInternationalization"),
]

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
]
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let hummingbird: [Target.Dependency] = [
    .product(name: "Hummingbird", package: "hummingbird"),
    .product(name: "HummingbirdCore", package: "hummingbird"),
    .product(name: "HTTPTypes", package: "swift-http-types"),
    .product(name: "Logging", package: "swift-log"),
    .product(name: "NIOExtras", package: "swift-nio-extras"),
]

let package = Package(
    name: "coxswain",
    products: [
        .executable(name: "coxswain", targets: ["coxswain"]),
        .executable(name: "coxswain-ocr", targets: ["coxswain-ocr"]),
        .executable(name: "coxswain-preload", targets: ["coxswain-preload"]),
        .executable(name: "coxswain-render", targets: ["coxswain-render"]),
        .executable(name: "coxswain-tesseract", targets: ["coxswain-tesseract"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        // Programs: arguments in, library calls out.
        .executableTarget(
            name: "coxswain",
            dependencies: [
                "ControlProtocol", "CSignalsBlocked", "GPU", "Health", "Lifecycle", "NVML", "OperatorConsole",
                "OperatorLog",
                "ProbeClient", "ProcessHost", "Readable", "Settings", "Storage", "Supervisor", "TimeOfDay",
                argumentParser,
            ],
            swiftSettings: strict, linkerSettings: selfContained),
        // coxswain-shim is C without any Swift, which no target can be: etc/build/build-shim compiles it.
        .executableTarget(
            name: "coxswain-ocr",
            dependencies: [
                "API", "APIKeys", "Document", "EngineClient", "Health", "Intake", "Notify", "Pipeline", "ProcessHost",
                "Rendering", "ServiceLog", "TimeOfDay", "VariableCatalog", argumentParser,
                .product(name: "Logging", package: "swift-log"), .product(name: "NIOCore", package: "swift-nio"),
            ],
            resources: [.embedInCode("Resources/warmup.pdf")],
            swiftSettings: strict, linkerSettings: selfContained + wholeFoundation),
        .executableTarget(
            name: "coxswain-preload",
            dependencies: [
                "CVersion", "Downloads", "ModelHashing", "Models", "Notify", "Preload", "Readable", "ServiceLog",
                "Threads", "VariableCatalog", argumentParser,
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict, linkerSettings: selfContained),
        .executableTarget(
            name: "coxswain-render",
            dependencies: [
                "CFontconfig", "CImage", "CLeptonica", "CPDFScan", "CPoppler", "CSandbox", "CVersion", "Layout",
                "RenderProtocol",
            ],
            swiftSettings: strict, linkerSettings: selfContained),
        .executableTarget(
            name: "coxswain-tesseract",
            dependencies: ["CVersion", "Notify", "ProcessHost", "ServiceLog", "TesseractEngine"] + hummingbird,
            swiftSettings: strict, linkerSettings: selfContained),

        // PID 1.
        .target(name: "Lifecycle", exclude: ["States.md"], swiftSettings: strict),
        .target(name: "GPU", dependencies: ["Readable"], swiftSettings: strict),
        .target(name: "Readable", swiftSettings: strict),
        .target(name: "NVML", dependencies: ["CNVML", "GPU"], swiftSettings: strict),
        .target(name: "Progress", swiftSettings: strict),
        .target(name: "ProbeClient", swiftSettings: strict),
        .target(name: "Health", dependencies: ["CVersion", "Prometheus"], swiftSettings: strict),
        .target(name: "ProcessHost", dependencies: ["CLinux", "CShimProtocol", "Readable"], swiftSettings: strict),
        .target(name: "OperatorLog", dependencies: ["Progress", "Threads", "VariableCatalog"], swiftSettings: strict),
        .target(
            name: "ControlProtocol", dependencies: ["Health", "Readable", "TimeOfDay"] + nio, swiftSettings: strict),
        .target(
            name: "OperatorConsole",
            dependencies: ["ControlProtocol", "Health", "OperatorLog", "ProbeClient", "Readable", "TimeOfDay"],
            swiftSettings: strict),
        .target(name: "PublicPort", dependencies: ["Health", "TimeOfDay"] + nio, swiftSettings: strict),
        .target(
            name: "Settings",
            dependencies: ["Lifecycle", "Models", "Readable", "StoreSettings", "TOML", "VariableCatalog"],
            resources: [.embedInCode("Engines")],
            swiftSettings: strict),
        .target(
            name: "Supervisor",
            dependencies: [
                "CLinux", "ControlProtocol", "GPU", "Health", "Lifecycle", "Notify", "OperatorLog", "ProcessHost",
                "Progress", "Prometheus", "PublicPort", "Readable", "Settings", "Storage", "TimeOfDay",
                "VariableCatalog",
            ] + nio,
            swiftSettings: strict),

        // Weights.
        .target(
            name: "Models", dependencies: ["CFileCalls", "CLinux", "Readable", "Threads", "TOML"],
            resources: [.embedInCode("Manifests")], swiftSettings: strict),
        .target(name: "ModelHashing", dependencies: ["Digests", "Models"], swiftSettings: strict),
        .target(
            name: "Preload",
            dependencies: [
                "CCrypto", "Digests", "Downloads", "ModelHashing", "Models", "ObjectStore", "Readable", "Storage",
                "StoreSettings", "VariableCatalog",
            ], swiftSettings: strict),

        // The world outside.
        .target(name: "StoreSettings", dependencies: ["Readable", "VariableCatalog"], swiftSettings: strict),
        .target(name: "Egress", dependencies: ["CCurl", "Readable"], swiftSettings: strict),
        .target(
            name: "Downloads",
            dependencies: ["CCurl", "CFileCalls", "Digests", "Egress", "Readable", "Storage", "Threads"],
            swiftSettings: strict),
        .target(name: "WebCalls", dependencies: ["CCurl", "Downloads", "Egress"], swiftSettings: strict),
        .target(
            name: "ObjectStore",
            dependencies: [
                "CCrypto", "Digests", "Downloads", "Readable", "StoreSettings", "VariableCatalog", "WebCalls",
            ],
            swiftSettings: strict),
        .target(
            name: "Webhooks", dependencies: ["CCrypto", "Downloads", "Egress", "WebCalls"], swiftSettings: strict),

        // What several programs share.
        .target(name: "Threads", swiftSettings: strict),
        .target(name: "TimeOfDay", swiftSettings: strict),
        .target(name: "Prometheus", swiftSettings: strict),
        .target(name: "VariableCatalog", swiftSettings: strict),
        .target(name: "TOML", dependencies: ["Readable", "VariableCatalog"], swiftSettings: strict),
        .target(name: "Digests", dependencies: ["CCrypto"], swiftSettings: strict),
        .target(name: "Storage", dependencies: ["CFileCalls"], swiftSettings: strict),
        .target(
            name: "ServiceLog",
            dependencies: ["TimeOfDay", .product(name: "Logging", package: "swift-log")],
            swiftSettings: strict),

        // The OCR API.
        .target(name: "Document", swiftSettings: strict),
        .target(name: "Notify", swiftSettings: strict),
        .target(name: "Layout", swiftSettings: strict),
        .target(name: "RenderProtocol", dependencies: ["CRenderChannel"], swiftSettings: strict),
        .target(
            name: "Rendering", dependencies: ["CRenderChannel", "RenderProtocol", "Threads"], swiftSettings: strict),
        .target(
            name: "EngineClient", dependencies: ["CCurl", "Document", "Prometheus", "Threads"], swiftSettings: strict),
        .target(name: "Intake", dependencies: ["CFileCalls", "Digests"] + nio, swiftSettings: strict),
        .target(name: "APIKeys", dependencies: ["CCrypto", "Digests"], swiftSettings: strict),
        .target(
            name: "Jobs",
            dependencies: ["CLinux", "Document", "Storage", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: strict),
        .target(
            name: "Pipeline",
            dependencies: [
                "Document", "EngineClient", "Health", "Intake", "Jobs", "Prometheus", "RenderProtocol", "Rendering",
                "TimeOfDay", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .target(
            name: "DocumentSources",
            dependencies: ["Downloads", "Egress", "Intake", "ObjectStore", "StoreSettings", "Threads"],
            swiftSettings: strict),
        .target(
            name: "Deliveries",
            dependencies: [
                "Intake", "Jobs", "ObjectStore", "Pipeline", "Prometheus", "StoreSettings", "Threads", "TimeOfDay",
                "WebCalls", "Webhooks", .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(name: "OpenAPI", dependencies: ["Digests"], swiftSettings: strict),
        .target(
            name: "API",
            dependencies: [
                "APIKeys", "CZlib", "ControlProtocol", "Deliveries", "Document", "DocumentSources", "Egress",
                "EngineClient", "Health", "Intake", "Jobs", "Notify", "ObjectStore", "OpenAPI", "Pipeline",
                "Prometheus", "PublicPort", "Rendering", "Storage", "StoreSettings", "TimeOfDay", "VariableCatalog",
                "WebCalls", "Webhooks",
            ] + hummingbird + nio + [.product(name: "NIOHTTPTypes", package: "swift-nio-extras")],
            swiftSettings: strict),

        // The embedded engine for machines without a GPU.
        .target(
            name: "TesseractEngine", dependencies: ["CTesseract", "Threads", "VariableCatalog"], swiftSettings: strict),

        // The thinnest possible C: system calls that Swift cannot make, and Debian's libraries.
        .target(name: "CLinux"),
        .target(name: "CNVML", linkerSettings: [.linkedLibrary("dl")]),
        .target(name: "CSignalsBlocked", dependencies: ["CLinux"]),
        .target(name: "CShimProtocol"),
        .systemLibrary(name: "CFileCalls"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "CCurl", dependencies: ["CCurlSystem"]),
        .systemLibrary(name: "CCurlSystem", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CPoppler", pkgConfig: "poppler-glib", providers: [.apt(["libpoppler-glib-dev"])]),
        .target(name: "CFontconfig", dependencies: ["CFontconfigSystem"]),
        .systemLibrary(name: "CFontconfigSystem", pkgConfig: "fontconfig", providers: [.apt(["libfontconfig-dev"])]),
        .target(name: "CImage", dependencies: ["CJPEGSystem", "CPNGSystem"]),
        .target(name: "CPDFScan", dependencies: ["CImage", "CPopplerCore"]),
        .systemLibrary(
            name: "CPopplerCore", pkgConfig: "poppler", providers: [.apt(["libpoppler-private-dev"])]),
        .target(name: "CRenderChannel"),
        .target(name: "CSandbox"),
        .target(name: "CVersion"),
        .systemLibrary(name: "CJPEGSystem", pkgConfig: "libjpeg", providers: [.apt(["libjpeg62-turbo-dev"])]),
        .systemLibrary(name: "CPNGSystem", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
        .systemLibrary(name: "CLeptonica", pkgConfig: "lept", providers: [.apt(["libleptonica-dev"])]),
        .systemLibrary(name: "CTesseract", pkgConfig: "tesseract", providers: [.apt(["libtesseract-dev"])]),

        // Tests, one target beside each library, and whole containers.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(
            name: "LifecycleTests", dependencies: ["Lifecycle"], exclude: ["Logs"], swiftSettings: strict),
        .testTarget(name: "ProgressTests", dependencies: ["Progress", "TestSupport"], swiftSettings: tests),
        .testTarget(name: "ProbeClientTests", dependencies: ["ProbeClient", "TestSupport"], swiftSettings: tests),
        .testTarget(
            name: "ProbeBudgetTests", dependencies: ["Health", "Lifecycle", "Settings"], swiftSettings: tests),
        .testTarget(name: "ReadableTests", dependencies: ["Readable"], swiftSettings: tests),
        .testTarget(name: "GPUTests", dependencies: ["GPU", "ProcessHost", "TestSupport"], swiftSettings: tests),
        .testTarget(
            name: "PrometheusTests", dependencies: ["Prometheus", "TestSupport"], exclude: ["Recorded"],
            swiftSettings: tests),
        .testTarget(
            name: "HealthTests", dependencies: ["Health", "Prometheus", "TestSupport"], swiftSettings: tests),
        .testTarget(
            name: "SettingsTests",
            dependencies: ["Lifecycle", "Models", "Settings", "TestSupport", "VariableCatalog"],
            swiftSettings: tests),
        .testTarget(
            name: "SupervisorTests", dependencies: ["Lifecycle", "OperatorLog", "Supervisor"], swiftSettings: tests),
        .testTarget(
            name: "ControlProtocolTests", dependencies: ["ControlProtocol", "Health", "TestSupport"] + nio,
            swiftSettings: tests),
        .testTarget(
            name: "OperatorConsoleTests",
            dependencies: ["ControlProtocol", "Health", "OperatorConsole", "TestSupport"], swiftSettings: tests),
        .testTarget(name: "APIKeysTests", dependencies: ["APIKeys", "TestSupport"], swiftSettings: tests),
        .executableTarget(
            name: "JobWriter", dependencies: ["Document", "Jobs"], path: "Tests/JobWriter", swiftSettings: strict),
        .testTarget(
            name: "JobsTests",
            dependencies: [
                "Document", "JobWriter", "Jobs", "Storage", "TestSupport",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: tests),
        .executableTarget(
            name: "FolderWriter", dependencies: ["Models"], path: "Tests/FolderWriter", swiftSettings: strict),
        .testTarget(
            name: "ModelsTests", dependencies: ["FolderWriter", "ModelHashing", "Models", "TestSupport"],
            swiftSettings: strict),
        .executableTarget(
            name: "FileFetcher", dependencies: ["Downloads"], path: "Tests/FileFetcher", swiftSettings: strict),
        .testTarget(
            name: "DownloadsTests", dependencies: ["Digests", "Downloads", "FileFetcher", "TestSupport"],
            swiftSettings: tests),
        .testTarget(
            name: "PreloadTests",
            dependencies: [
                "Downloads", "Models", "ObjectStore", "Preload", "StoreSettings", "TestSupport", "VariableCatalog",
            ],
            exclude: ["hoster.py"], swiftSettings: tests),
        .testTarget(name: "EgressTests", dependencies: ["Egress"], swiftSettings: tests),
        .executableTarget(
            name: "DocumentFetch", dependencies: ["DocumentSources", "Egress", "Intake", "ObjectStore"],
            path: "Tests/DocumentFetch", swiftSettings: strict),
        .testTarget(
            name: "DocumentSourcesTests",
            dependencies: [
                "DocumentFetch", "DocumentSources", "Egress", "Intake", "ObjectStore", "StoreSettings", "TestSupport",
            ],
            exclude: ["internet.py"], swiftSettings: tests),
        .testTarget(
            name: "ObjectStoreTests",
            dependencies: [
                "Digests", "Downloads", "ObjectStore", "StoreSettings", "TestSupport", "VariableCatalog", "WebCalls",
            ],
            exclude: ["relay.py", "store.py"], swiftSettings: tests),
        .testTarget(
            name: "WebhooksTests", dependencies: ["Egress", "TestSupport", "WebCalls", "Webhooks"],
            exclude: ["receiver.py"],
            swiftSettings: tests),
        .testTarget(
            name: "DeliveriesTests",
            dependencies: [
                "Deliveries", "Document", "Intake", "Jobs", "ObjectStore", "Prometheus", "StoreSettings", "TestSupport",
                "WebCalls", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: tests),
        .testTarget(name: "OpenAPITests", dependencies: ["OpenAPI", "TestSupport"], swiftSettings: tests),
        .testTarget(name: "StorageTests", dependencies: ["Storage"], swiftSettings: tests),
        .testTarget(name: "LayoutTests", dependencies: ["Layout"], swiftSettings: tests),
        .executableTarget(name: "SandboxProbe", dependencies: ["CSandbox"], path: "Tests/SandboxProbe"),
        .testTarget(name: "TimeOfDayTests", dependencies: ["TimeOfDay"], swiftSettings: tests),
        .testTarget(
            name: "ServiceLogTests",
            dependencies: ["ServiceLog", .product(name: "Logging", package: "swift-log")],
            swiftSettings: tests),
        .testTarget(
            name: "OperatorLogTests", dependencies: ["OperatorLog", "TestSupport"], exclude: ["Records"],
            swiftSettings: tests),
        .testTarget(name: "ProcessHostTests", dependencies: ["ProcessHost", "TestSupport"], swiftSettings: tests),
        .testTarget(
            name: "PublicPortTests", dependencies: ["Health", "ProcessHost", "PublicPort", "TestSupport"] + nio,
            swiftSettings: tests),
        .testTarget(
            name: "Scenarios", dependencies: ["Document", "Downloads", "ObjectStore", "StoreSettings", "TestSupport"],
            swiftSettings: tests),
        .testTarget(name: "RealVLLMTests", dependencies: ["TestSupport"], swiftSettings: tests),
        .testTarget(name: "IntakeTests", dependencies: ["Intake", "TestSupport"] + nio, swiftSettings: tests),
        .testTarget(
            name: "APITests",
            dependencies: [
                "API", "APIKeys", "ControlProtocol", "EngineClient", "Health", "Jobs", "OpenAPI", "Pipeline",
                "PublicPort", "Rendering", "ServiceLog", "TestSupport", "VariableCatalog", "Webhooks",
            ] + hummingbird + nio,
            exclude: ["conformance.py"], swiftSettings: tests),
        .testTarget(
            name: "PipelineTests",
            dependencies: ["Document", "EngineClient", "Jobs", "Pipeline", "Rendering", "TestSupport"],
            swiftSettings: tests),
        .testTarget(
            name: "DocumentationTests",
            dependencies: ["Lifecycle", "OpenAPI", "OperatorConsole", "Preload", "TestSupport"],
            swiftSettings: tests),
        .testTarget(name: "DocumentTests", dependencies: ["Document", "TestSupport"], swiftSettings: tests),
        .testTarget(name: "RenderProtocolTests", dependencies: ["RenderProtocol"], swiftSettings: tests),
        .testTarget(
            name: "RenderingTests",
            dependencies: [
                "CImage", "CLeptonica", "CPDFScan", "CPoppler", "Document", "RenderProtocol", "Rendering",
                "SandboxProbe", "TestSupport",
            ], swiftSettings: strict),
        .testTarget(
            name: "EngineClientTests", dependencies: ["Document", "EngineClient", "Threads"], swiftSettings: tests),
        .testTarget(name: "NotifyTests", dependencies: ["Notify"], swiftSettings: tests),
        .testTarget(
            name: "TesseractTests", dependencies: ["Document", "EngineClient", "TesseractEngine", "TestSupport"],
            swiftSettings: tests),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
