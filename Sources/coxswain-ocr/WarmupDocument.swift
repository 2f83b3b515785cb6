import API
import Document
import Glibc
import Intake
import Pipeline

/// The document that is read, and what stands on it.
struct WarmupDocument {
    let descriptor: CInt
    private let expected: Expected
    /// Keeps the built-in document's file open.
    private let file: SpoolFile?

    private enum Expected {
        /// Of our own pages: no secret.
        case pages([String])
        /// Of all the operator's pages together; never to be shown.
        case whole(String)
        case nothing
    }

    /// - Parameter folder: the state folder.
    init(_ page: WarmupSettings.Page, folder: String) throws {
        switch page {
        case .builtIn:
            let file: SpoolFile
            do {
                file = try Spool(stateDirectory: folder).makeFile(containing: WarmupPage.document)
            } catch {
                throw WarmupFailure(.ours, "the warm-up's pages cannot be stored: \(error)")
            }
            self.file = file
            descriptor = file.descriptor
            expected = .pages(WarmupPage.texts)
        case .file(let path, let text):
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else {
                throw WarmupFailure(.settings, "WARMUP_IMG=\(path): \(String(cString: strerror(errno)))")
            }
            file = nil
            expected = text.map(Expected.whole) ?? .nothing
        }
    }

    /// Characters of the longest text that is expected as one answer; nil where none is known.
    var length: Int? {
        switch expected {
        case .pages(let texts): texts.map(\.unicodeScalars.count).max()
        case .whole(let text): text.unicodeScalars.count
        case .nothing: nil
        }
    }

    /// Compares what was read with what stands on the pages.
    ///
    /// - Returns: the largest character error rate of a page; nil when there is nothing to compare with.
    /// - Throws: ``WarmupFailure`` for a page that was not read, or whose text differs too much.
    func check(_ reading: Recogniser.Reading, maximumError: Double?) throws -> Double? {
        if let (page, failure) = reading.failures.min(by: { $0.key < $1.key }) {
            throw WarmupFailure(failure, page: page)
        }
        guard let maximumError else { return nil }
        switch expected {
        case .nothing: return nil
        case .whole(let text):
            let recognised = reading.pages.map(\.text).joined(separator: "\n")
            let rate = CharacterErrorRate.between(recognised: recognised, reference: text)
            guard rate <= maximumError else {
                throw WarmupFailure(.engine, Self.difference(rate, maximumError, "the page of WARMUP_IMG"))
            }
            return rate
        case .pages(let texts):
            var largest = 0.0
            for (page, text) in zip(reading.pages, texts) {
                let rate = CharacterErrorRate.between(recognised: page.text, reference: text)
                guard rate <= maximumError else {
                    let count = Int((rate * Double(Self.length(of: text))).rounded())
                    throw WarmupFailure(
                        .engine,
                        Self.difference(rate, maximumError, "page \(page.number) of the warm-up")
                            + ": \(count) characters differ from the \(Self.length(of: text)) on the page; it should begin "
                            + "\"\(Self.beginning(of: text))\" and begins \"\(Self.beginning(of: page.text))\"")
                }
                largest = max(largest, rate)
            }
            return largest
        }
    }

    private static func difference(_ rate: Double, _ maximum: Double, _ page: String) -> String {
        "the engine's answer does not match \(page): \(percent(rate)) of the characters differ, "
            + "\(percent(maximum)) may (COXSWAIN_WARMUP_MAX_ERROR)"
    }

    /// As the error rate counts: every run of white space is one character.
    private static func length(of text: String) -> Int {
        text.split { $0.isWhitespace }.joined(separator: " ").unicodeScalars.count
    }

    /// On one line, and short whatever an engine makes up.
    private static func beginning(of text: String) -> String {
        String(text.prefix(400).split { $0.isWhitespace }.joined(separator: " ").prefix(60))
    }

    static func percent(_ rate: Double) -> String {
        let thousandths = Int((rate * 1000).rounded())
        return "\(thousandths / 10).\(thousandths % 10) %"
    }
}
