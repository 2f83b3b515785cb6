import VariableCatalog

/// What the engine is told by its arguments and its environment. Pure.
package struct Options: Sendable, Equatable {
    package enum Request: Sendable, Equatable {
        case serve(Options)
        case help
        case version
    }

    package var host: String
    /// 0 takes any free port, which the log then names.
    package var port: Int
    /// Tesseract's names, in order of preference.
    package var languages: [String]
    /// How many pages are read at once; nil for one a core.
    package var workers: Int?

    package init(host: String, port: Int, languages: [String], workers: Int?) {
        self.host = host
        self.port = port
        self.languages = languages
        self.workers = workers
    }

    package struct Problem: Error, Sendable, Equatable {
        package var message: String
    }

    package static let help = """
        usage: coxswain-tesseract [--host ADDRESS] [--port PORT]

        Reads text from images with Tesseract, behind OpenAI's chat completions.

          --host ADDRESS  where to listen (default 127.0.0.1)
          --port PORT     which port to listen on (default 8080; 0 takes a free one)
          --version       print the version, and that of Tesseract, and exit
          --help          print this and exit

        environment:
          OCR_LANGUAGES    language data to use, joined by + (default eng+rus)
          OCR_WORKERS      pages read at once (default: one a core that this process may use)
          TESSDATA_PREFIX  the folder with the language data, where it is not Tesseract's own

        """

    /// - Parameter arguments: without the program's name.
    /// - Throws: what is wrong, and with which argument or variable.
    package static func parse(
        _ arguments: [String], environment: [String: String]
    ) throws(Problem) -> Request {
        var options = Options(
            host: "127.0.0.1", port: 8080,
            languages: try languages(environment["OCR_LANGUAGES"]), workers: try workers(environment["OCR_WORKERS"]))
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            // Both --port 8080 and --port=8080.
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            func value() throws(Problem) -> String {
                guard let value = parts.count > 1 ? parts[1] : rest.popFirst(), !value.isEmpty else {
                    throw Problem(message: "\(parts[0]) needs a value")
                }
                return value
            }
            switch parts[0] {
            case "--host": options.host = try value()
            case "--port": options.port = try port(value())
            case "--help", "-h": return .help
            case "--version": return .version
            default: throw Problem(message: "unknown argument \"\(argument)\"; --help lists those there are")
            }
        }
        return .serve(options)
    }

    private static func port(_ text: String) throws(Problem) -> Int {
        guard let port = Int(text), (0...65_535).contains(port) else {
            throw Problem(message: "--port \(text) is no port: use 0 to 65535")
        }
        return port
    }

    private static func languages(_ text: String?) throws(Problem) -> [String] {
        guard let text, !text.isEmpty else { return ["eng", "rus"] }
        guard Variable.Kind.languages.accepts(text) else {
            throw Problem(message: "OCR_LANGUAGES=\(text) is not a list of languages joined by +, such as eng+rus")
        }
        return text.split(separator: "+").map(String.init)
    }

    private static func workers(_ text: String?) throws(Problem) -> Int? {
        guard let text, !text.isEmpty else { return nil }
        guard Variable.named("OCR_WORKERS")?.kind.accepts(text) == true, let count = Int(text) else {
            throw Problem(message: "OCR_WORKERS=\(text) is no number of workers: use 1 to 256, or leave it unset")
        }
        return count
    }
}
