import CTesseract

/// What came of one picture.
package struct Recognition: Sendable, Equatable {
    /// Tesseract's text: lines end with a line feed, paragraphs with a blank line.
    package var text: String
    package var width: Int
    package var height: Int
    /// What was assumed, in dots per inch.
    package var resolution: Int
    /// From decoding to the last word.
    package var milliseconds: Int
}

/// Why there can be no recogniser.
package struct RecogniserUnavailable: Error, Sendable, Equatable {
    /// What is missing, and what to install or set.
    package var message: String
}

/// One Tesseract with its language data: 50 to 100 MB of memory. Not safe among threads; each has its own.
struct Recogniser: ~Copyable {
    /// The longest that one picture may take, after which something is taken to be wrong with it.
    static let timeLimitMilliseconds: Int32 = 300_000

    private let handle: OpaquePointer

    /// Loads the language data.
    ///
    /// - Throws: when a language's data is missing or damaged; Tesseract itself would go on without it.
    init(languages: [String]) throws(RecogniserUnavailable) {
        handle = try Self.load(languages)
        TessBaseAPISetPageSegMode(handle, PSM_AUTO)
    }

    deinit {
        TessBaseAPIDelete(handle)
    }

    /// Reads a picture.
    ///
    /// - Parameter monitor: told when the picture is decoded, and before each line, when it may also end the work. The search
    ///   for lines between the two can be neither ended nor watched.
    /// - Throws: 400 for a bad picture, 500 where Tesseract fails or takes too long.
    func recognise(_ image: [UInt8], monitor: RecognitionMonitor) throws(ProblemReport) -> Recognition {
        let start = ContinuousClock.now
        let picture = try Picture(image)
        monitor.moved()
        TessBaseAPISetImage2(handle, picture.pointer)
        TessBaseAPISetSourceResolution(handle, Int32(picture.resolution))
        // Whatever happens, nothing of this page may be left for the next one.
        defer { TessBaseAPIClear(handle) }
        let code = run(monitor)
        guard code == 0, let text = TessBaseAPIGetUTF8Text(handle) else {
            throw ProblemReport(
                status: 500, message: "Tesseract gave the image up", code: "recognition_failed")
        }
        defer { TessDeleteText(text) }
        let elapsed = ContinuousClock.now - start
        return Recognition(
            text: String(cString: text), width: Int(pixGetWidth(picture.pointer)),
            height: Int(pixGetHeight(picture.pointer)), resolution: picture.resolution,
            milliseconds: Int(elapsed / .milliseconds(1)))
    }

    private func run(_ monitor: RecognitionMonitor) -> Int32 {
        let description = TessMonitorCreate()
        defer { TessMonitorDelete(description) }
        TessMonitorSetDeadlineMSecs(description, Self.timeLimitMilliseconds)
        TessMonitorSetCancelThis(description, Unmanaged.passUnretained(monitor).toOpaque())
        // Called for each line before it is read, as Tesseract's progress function is, which has no context of its own.
        TessMonitorSetCancelFunc(description) { context, _ in
            guard let context else { return false }
            let monitor = Unmanaged<RecognitionMonitor>.fromOpaque(context).takeUnretainedValue()
            monitor.moved()
            return monitor.isCancelled
        }
        return withExtendedLifetime(monitor) { TessBaseAPIRecognize(handle, description) }
    }

    private static func load(_ languages: [String]) throws(RecogniserUnavailable) -> OpaquePointer {
        guard let handle = TessBaseAPICreate() else {
            throw RecogniserUnavailable(message: "Tesseract cannot start: no memory")
        }
        // Tesseract's own messages are no JSON, and some of them hold text.
        TessBaseAPISetVariable(handle, "debug_file", "/dev/null")
        let list = languages.joined(separator: "+")
        let isLoaded = TessBaseAPIInit2(handle, nil, list, OEM_LSTM_ONLY) == 0
        let missing = isLoaded ? languages.filter { !loaded(handle).contains($0) } : languages
        guard missing.isEmpty else {
            TessBaseAPIDelete(handle)
            throw unavailable(missing, of: list)
        }
        return handle
    }

    private static func loaded(_ handle: OpaquePointer) -> [String] {
        guard let names = TessBaseAPIGetLoadedLanguagesAsVector(handle) else { return [] }
        defer { TessDeleteTextArray(names) }
        var result: [String] = []
        while let name = names[result.count] { result.append(String(cString: name)) }
        return result
    }

    private static func unavailable(_ missing: [String], of list: String) -> RecogniserUnavailable {
        let packages = missing.map {
            "tesseract-ocr-" + $0.lowercased().map { $0 == "_" || $0 == "/" ? "-" : String($0) }.joined()
        }
        let files = missing.map { $0 + ".traineddata" }
        return RecogniserUnavailable(
            message: "no usable language data for \(missing.joined(separator: ", ")) (OCR_LANGUAGES=\(list)): install "
                + "\(packages.joined(separator: " ")), or set TESSDATA_PREFIX to the folder with "
                + "\(files.joined(separator: ", ")), or change OCR_LANGUAGES")
    }
}
