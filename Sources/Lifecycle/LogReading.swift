/// The last lines of a log, searched for what explains the end of their service.
struct LogReading: Sendable {
    /// What was found.
    struct Finding: Sendable {
        /// nil: an exception that no rule knows.
        var rule: DiagnosisRule?
        var line: LogLine
        /// Completes "exited with status 1: …".
        var text: String

        /// Otherwise it is what a deeper cause looks like from above.
        var isCause: Bool { rule.map { $0.standing != .symptom } ?? true }
    }

    let stack: StackTrace?
    private let lines: [LogLine]
    /// For each line the phrases in it, as indices into ``phrases``.
    private let hits: [Set<Int>]
    /// Where the story of the end begins, and where what follows from the end begins.
    private let story: Range<Int>
    /// Where it begins for a hang, during which vLLM's `/health` goes on answering 200.
    private let cameUp: Int
    /// The last exception that is not merely an echo of an earlier one.
    private let exception: Int?

    private static let phrases = DiagnosisRule.all.flatMap { $0.phrases.joined() } + Marker.allCases.map(\.rawValue)
    private static let index = PhraseIndex(phrases)
    /// For each rule the groups of phrases, as indices into ``phrases``.
    private static let groups: [[[Int]]] = {
        var next = 0
        return DiagnosisRule.all.map { rule in
            rule.phrases.map { group in
                defer { next += group.count }
                return Array(next..<(next + group.count))
            }
        }
    }()
    private static let markers: [(marker: Marker, phrase: Int)] = Marker.allCases.enumerated().map {
        ($0.element, phrases.count - Marker.allCases.count + $0.offset)
    }

    /// - Parameter endedByUs: what it says after our SIGABRT is no cause.
    init(_ raw: [String], endedByUs: Bool) {
        let lines = raw.map(LogLine.init)
        var hits = lines.map { $0.isQuoted ? [] : Self.index.found(in: $0.folded) }
        var cameUp = 0
        var healthy: [Int] = []
        var end = lines.count
        for (number, found) in hits.enumerated() where !found.isEmpty {
            let marks = Self.markers.filter { found.contains($0.phrase) }.map(\.marker)
            if marks.contains(.cameUp) { cameUp = number + 1 }
            if marks.contains(.healthy) { healthy.append(number) }
            if marks.contains(.stopping) || (endedByUs && marks.contains(.aborted)) { end = min(end, number) }
            if marks.contains(where: \.isHarmless) { hits[number] = [] }
        }
        self.lines = lines
        self.hits = hits
        self.cameUp = min(cameUp, end)
        // One healthy answer may have crossed the error on its way; after two the error was survived.
        let survived = healthy.count > 1 ? healthy[healthy.count - 2] + 1 : 0
        story = min(max(cameUp, survived), end)..<end
        exception = Self.lastException(lines, story)
        stack = StackTrace(in: lines)
    }

    /// - Parameter exit: nil where we ended it: then its last words are not about its end.
    func finding(_ exit: Exit?) -> Finding? {
        let code: Int32? = if case .code(let code) = exit { code } else { nil }
        let gaveUp = code.map { $0 != 0 } ?? false
        return match(.cause, story, code)
            ?? (gaveUp || exit == .signal(6) ? match(.lastWord, lastWords, code) : nil)
            ?? (gaveUp ? unknownException ?? match(.clue, story, code) : nil)
            ?? symptom(code)
    }

    // MARK: Rules

    /// The earliest line of the range that a rule of this standing matches: what follows is its consequence.
    private func match(_ standing: DiagnosisRule.Standing, _ range: some Sequence<Int>, _ code: Int32?) -> Finding? {
        for number in range where !hits[number].isEmpty {
            for rule in DiagnosisRule.all.indices
            where DiagnosisRule.all[rule].standing == standing && matches(rule, number, code) {
                return finding(rule, number)
            }
        }
        return nil
    }

    private func matches(_ index: Int, _ number: Int, _ code: Int32?) -> Bool {
        let rule = DiagnosisRule.all[index]
        guard lines[number].level >= rule.quietest else { return false }
        if !rule.codes.isEmpty, code.map({ !rule.codes.contains($0) }) ?? true { return false }
        return Self.groups[index].contains { $0.allSatisfy(hits[number].contains) }
    }

    private func finding(_ index: Int, _ number: Int) -> Finding {
        let rule = DiagnosisRule.all[index]
        var text = rule.cause
        if let naming = rule.naming, let named = lines[number].between(naming.after, naming.until) {
            text += " (\(LogLine.cut(named, 120)))"
        }
        return Finding(rule: rule, line: lines[number], text: text)
    }

    /// Of the symptoms the most telling, however late it stands.
    private func symptom(_ code: Int32?) -> Finding? {
        for index in DiagnosisRule.all.indices where DiagnosisRule.all[index].standing == .symptom {
            let from = DiagnosisRule.all[index].kind == .workerHung ? cameUp : story.lowerBound
            guard let number = (from..<story.upperBound).first(where: { !hits[$0].isEmpty && matches(index, $0, code) })
            else { continue }
            var finding = finding(index, number)
            if finding.rule?.kind == .engineDied { finding.text += howItDied(from: number) }
            return finding
        }
        return nil
    }

    /// " (killed by SIGKILL)" or ": ValueError: …", where the log tells.
    private func howItDied(from number: Int) -> String {
        for line in lines[number..<story.upperBound] where line.level >= .unmarked {
            let status = line.between("(exit code: ", ")") ?? line.between("Failed core proc(s): {", "}")?.after(": ")
            guard let status, let code = Int32(status) else { continue }
            return " (\(code < 0 ? Exit.signal(-code) : Exit.code(code)))"
        }
        return exception.map { ": " + lines[$0].excerpt(200) } ?? ""
    }

    // MARK: Exceptions

    private var unknownException: Finding? {
        exception.map { Finding(rule: nil, line: lines[$0], text: lines[$0].excerpt(200)) }
    }

    /// The last exception and the last few lines.
    private var lastWords: [Int] {
        let last = story.reversed().lazy.filter { !lines[$0].text.allSatisfy { $0 == " " } }.prefix(5)
        return ([exception].compactMap { $0 } + last.reversed())
    }

    /// Python's `ValueError: …` at the end of a traceback, or an error that our own programs logged.
    private static func lastException(_ lines: [LogLine], _ story: Range<Int>) -> Int? {
        var last: Int?
        // What `__del__` throws while the interpreter goes is printed after the cause.
        var ignoring = false
        for number in story {
            let line = lines[number]
            if line.text.hasPrefix("Exception ignored in") {
                ignoring = true
            } else if line.level >= .unmarked, line.isException {
                if !ignoring, !echoes.contains(where: line.text.contains) { last = number }
                ignoring = false
            }
        }
        return last
    }

    /// Exceptions that only say that there was another one.
    private static let echoes = [
        "Engine core initialization failed", "WorkerProc initialization failed", "EngineDeadError", "Executor failed.",
        "stack trace above", "See stack trace", "See root cause", "KeyboardInterrupt", "SystemExit", "CancelledError",
    ]
}

extension LogLine {
    /// `NAME: …` or `NAME` where Python names an exception so.
    fileprivate var isException: Bool {
        let name = text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ".") }
        guard let word = name.split(separator: ".").last, word.first?.isUppercase == true else { return false }
        let rest = text.dropFirst(name.count)
        guard rest.isEmpty || rest.hasPrefix(": ") else { return false }
        return word.hasSuffix("Error") || word.hasSuffix("Exception") || word.hasSuffix("Interrupt")
            || word.hasSuffix("Exit")
    }

    /// The text after the first `start` up to `end` (empty: to the end of the line).
    fileprivate func between(_ start: String, _ end: String) -> String? {
        guard let rest = text.after(start) else { return nil }
        guard !end.isEmpty, let stop = rest.firstIndex(of: end) else { return rest }
        return String(rest[..<stop])
    }
}

extension String {
    fileprivate func after(_ needle: String) -> String? {
        firstIndex(of: needle).map { String(self[utf8.index($0, offsetBy: needle.utf8.count)...]) }
    }
}
