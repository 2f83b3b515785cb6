/// One environment variable that a program of ours reads: the one table behind what PID 1 checks before it starts anything,
/// what the services read, and what the documentation says.
package struct Variable: Sendable, Equatable {
    package var name: String
    package var kind: Kind
    /// Its default, as one would write it; nil where nothing is the default, or `otherwise` says what.
    package var standard: String?
    /// In words, where no fixed value is the default.
    package var otherwise: String?
    package var readers: Set<Reader>
    /// The key of the settings file that says the same.
    package var key: String?
    package var audience: Audience
    /// One sentence or two, in Markdown.
    package var meaning: String

    package enum Reader: String, Sendable, CaseIterable {
        /// PID 1, and its commands.
        case coxswain
        case api, warmup
        /// The engine, whichever it is.
        case engine
        /// `coxswain-tesseract`.
        case tesseract
        case preload
    }

    package enum Audience: Sendable {
        case everybody
        /// As in the container that this one replaces.
        case replaced
        /// Set by one program of ours for another; what somebody sets outside counts for nothing.
        case ourselves
    }

    init(
        _ name: String, _ kind: Kind, _ standard: String? = nil, otherwise: String? = nil, for readers: Set<Reader>,
        key: String? = nil, as audience: Audience = .everybody, _ meaning: String
    ) {
        self.name = name
        self.kind = kind
        self.standard = standard
        self.otherwise = otherwise
        self.readers = readers
        self.key = key
        self.audience = audience
        self.meaning = meaning
    }

    package static func named(_ name: String) -> Variable? { byName[name] }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// What its value may be.
    package enum Kind: Sendable, Equatable {
        case text, folder, file
        /// An address and a port, or a URL: whoever reads it knows its grammar.
        case address, url
        case engine
        case number(ClosedRange<Int>)
        /// Seconds, with or without a fraction.
        case seconds(ClosedRange<Double>)
        /// A number with its unit.
        case duration
        case flag
        case choice([String])
        case port
        /// A share of characters, or `off`.
        case errorRate
        /// Tesseract's names, joined by `+`.
        case languages
    }
}

extension Variable.Kind {
    /// What a value must be, as the end of the sentence "it must be …"; nil where anything goes, or the reader says it.
    package var expected: String? {
        switch self {
        case .text, .folder, .file, .address, .url, .engine: nil
        case .number(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .seconds(let range): "a number of seconds from \(range.lowerBound) to \(range.upperBound)"
        case .duration: "a duration such as \"5s\""
        case .flag: "true or false"
        case .choice(let choices): choices.joined(separator: " or ")
        case .port: "a port from 1 to 65535"
        case .errorRate: "a character error rate such as 0.1, or off"
        case .languages: "a list of languages joined by +, such as eng+rus"
        }
    }

    /// Whether a text that is not empty is one of those values.
    package func accepts(_ text: String) -> Bool {
        switch self {
        case .text, .folder, .file, .address, .url, .engine: true
        case .number(let range): Int(text).map(range.contains) ?? false
        case .seconds(let range): Double(text).map(range.contains) ?? false
        case .duration: DurationText.parse(text) != nil
        case .flag: Self.flag(text) != nil
        case .choice(let choices): choices.contains(text.lowercased())
        case .port: UInt16(text).map { $0 > 0 } ?? false
        case .errorRate: text.lowercased() == "off" || Double(text).map { $0 >= 0 && $0.isFinite } ?? false
        case .languages: text.split(separator: "+", omittingEmptySubsequences: false).allSatisfy(Self.isLanguage)
        }
    }

    package static func flag(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "1", "yes", "on": true
        case "false", "0", "no", "off": false
        default: nil
        }
    }

    /// Names become paths: `script/Cyrillic` is one, `../x` must not be.
    private static func isLanguage(_ name: Substring) -> Bool {
        !name.isEmpty && !name.hasPrefix("/")
            && name.utf8.allSatisfy { $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "/") || isLetterOrDigit($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
