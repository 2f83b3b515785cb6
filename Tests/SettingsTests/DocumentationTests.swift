import Foundation
import Lifecycle
import Settings
import TestSupport
import Testing
import VariableCatalog

/// The documentation is held to the code, and the code to the one table of variables.
@Suite(.serialized) struct DocumentationTests {
    private static let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()

    private static func text(_ path: String) throws -> String {
        try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
    }

    private static let forUsers = Variable.all.filter { $0.audience != .ourselves }

    /// With COXSWAIN_WRITE_DOCUMENTATION set, the tables are written instead.
    @Test(arguments: [
        ("docs/reference/settings.md", "variables", Variable.table(forUsers)),
        (
            "docs/reference/settings.md", "variables of ours",
            Variable.table(Variable.all.filter { $0.audience == .ourselves })
        ),
        ("docs/reference/settings.md", "keys of the file", SettingKey.table(SettingKey.settings)),
        ("docs/reference/settings.md", "keys of a profile", SettingKey.table(SettingKey.profile)),
    ]) func tablesAreThoseOfTheCode(file: String, marker: String, table: String) throws {
        let isInPlace = try GeneratedText.isInPlace(table, in: file, at: marker)
        #expect(isInPlace, "\(file): \(GeneratedText.hint)")
    }

    // MARK: The file of defaults

    private func uncommented() throws -> (whole: String, withoutExamples: String) {
        var whole = "", withoutExamples = ""
        for line in try Self.text("etc/coxswain.toml").split(separator: "\n", omittingEmptySubsequences: false) {
            let isKey = line.wholeMatch(of: /# [a-z][a-z.-]* = .*/) != nil
            let plain = isKey ? String(line.dropFirst(2)) : String(line)
            whole += plain + "\n"
            let hasNoDefault = line.contains("# none") || line.hasPrefix("# log-format")
            withoutExamples += (hasNoDefault ? "" : plain) + "\n"
        }
        return (whole, withoutExamples)
    }

    @Test func theFileOfDefaultsShowsTheDefaults() throws {
        let texts = try uncommented()
        #expect(try load(Self.text("etc/coxswain.toml")) == load())
        #expect(try load(texts.withoutExamples) == load())
        // All of them can be used, whatever they say.
        _ = try load(texts.whole)
    }

    @Test func theFileOfDefaultsShowsEveryKey() throws {
        let settings = try load(uncommented().whole).effective
        let shown = Set(settings.filter { if case .file = $0.source { true } else { false } }.map(\.key))
        let groups: Set = ["service", "service.*.environment", "service.*.limits", "service.*.enabled"]
        let keys = SettingKey.settings.map(\.path).filter { path in
            !groups.contains(path) && !SettingKey.settings.contains { $0.path.hasPrefix(path + ".") }
        }
        #expect(keys.count > 45)
        for key in keys {
            let names = ["engine", "warmup", "api"].map { key.replacingOccurrences(of: "*", with: $0) }
            #expect(names.contains(where: shown.contains), "etc/coxswain.toml does not show \(key)")
        }
        let text = try Self.text("etc/coxswain.toml")
        #expect(text.contains("# enabled = true") && text.contains("# environment = {}"))
        for group in ["limits.nofile", "limits.memlock", "limits.stack"] {
            #expect(shown.contains("service.engine.\(group)"))
        }
    }

    @Test func everyVariableOfTheFileOfDefaultsSaysTheSameAsItsKey() throws {
        let text = try Self.text("etc/coxswain.toml")
        for variable in Variable.all {
            guard let key = variable.key else { continue }
            // The comment right above the key names it.
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let line = try #require(
                lines.firstIndex { $0.hasPrefix("\(key) = ") || $0.hasPrefix("# \(key) = ") }, "\(key)")
            let comment = lines[..<line].reversed().prefix { $0.hasPrefix("#") }.joined()
            #expect(comment.contains(variable.name), "\(key) does not name \(variable.name)")
            guard let standard = variable.standard else { continue }
            #expect(lines[line].hasSuffix("\"\(standard)\""), "\(key)")
        }
    }

    @Test func theProfilesShowEveryKeyOfOne() throws {
        let names = ["external", "paddlex-vllm", "tesseract", "vllm"]
        let texts = try names.map { try Self.text("etc/engines/\($0).toml") }
        for key in SettingKey.profile where key.path != "profile.service" {
            let name = key.name
            let isShown = texts.contains { text in
                text.split(separator: "\n").contains { $0.hasPrefix("\(name) = ") || $0 == "[\(name)]" }
            }
            #expect(isShown, "no profile of etc/engines shows \(key.path)")
        }
    }

    // MARK: Variables

    /// Names that sources hold and that are none of a variable: signals, words of protocols, fields of others.
    private static let noVariables: Set = ["COXSWAIN_", "COXSWAIN_MODEL_"]
    /// Of others, handed on or looked at: by lists of names, not by us.
    private static let ofOthers: Set = [
        "CUDA_VISIBLE_DEVICES", "HOME", "NO_COLOR", "PATH", "PYTHONPATH", "TERM", "TMPDIR", "VIRTUAL_ENV",
    ]

    @Test func everyVariableThatSourcesNameIsInTheTable() throws {
        var read: Set<String> = []
        for file in try Self.sources() {
            let text = try String(contentsOfFile: file, encoding: .utf8)
            for match in text.matches(of: /"(COXSWAIN_[A-Z0-9_]*)"/) { read.insert(String(match.1)) }
            for match in text.matches(
                of: /(?:getenv\(|secure_getenv\(|variable\(|environment\[|variables\[|env\[)"([A-Z][A-Z0-9_]+)"/)
            {
                read.insert(String(match.1))
            }
        }
        #expect(read.contains("COXSWAIN_MAX_JOBS") && read.contains("OCR_WORKERS"))
        for name in read.sorted() where !Self.noVariables.contains(name) && !Self.ofOthers.contains(name) {
            #expect(Variable.named(name) != nil, "\(name) is not in VariableCatalog")
        }
    }

    @Test func everyVariableOfTheTableIsReadBySomebody() throws {
        let folder = "\(Self.root)/Sources/VariableCatalog/"
        let texts = try Self.sources().filter { !$0.hasPrefix(folder) }.map {
            try String(contentsOfFile: $0, encoding: .utf8)
        }
        for variable in Variable.all {
            // Some are put together: COXSWAIN_ENGINE_PROMPT_TABLE.
            let stem = variable.name.hasPrefix("COXSWAIN_ENGINE_PROMPT_") ? "COXSWAIN_ENGINE_PROMPT_" : variable.name
            // Tesseract's and OpenMP's own libraries read these.
            let isOfALibrary = ["TESSDATA_PREFIX", "OMP_NUM_THREADS", "PADDLE_PDX_CACHE_HOME"].contains(variable.name)
            #expect(isOfALibrary || texts.contains { $0.contains(stem) }, "nobody reads \(variable.name)")
        }
    }

    /// A variable that documentation names exists.
    @Test func documentationNamesNoOtherVariables() throws {
        var files = ["README.md", "ARCHITECTURE.md", "etc/coxswain.toml"]
        for folder in ["docs", "etc/engines"] {
            let names =
                FileManager.default.enumerator(atPath: "\(Self.root)/\(folder)/")?.compactMap { $0 as? String } ?? []
            files += names.filter { $0.hasSuffix(".md") || $0.hasSuffix(".toml") }.map { "\(folder)/\($0)" }
        }
        #expect(files.contains("docs/reference/settings.md") && files.contains("etc/engines/vllm.toml"))
        // Of tests, not of programs; and what a platform makes of a service's name.
        let others = [
            "COXSWAIN_SEED", "COXSWAIN_DOCUMENTS", "COXSWAIN_KILLS", "COXSWAIN_SERVICE_HOST",
            "COXSWAIN_WRITE_DOCUMENTATION",
        ]
        for file in files {
            for match in try Self.text(file).matches(of: /\bCOXSWAIN_[A-Z0-9_]*[A-Z0-9]/)
            where !others.contains(String(match.0)) {
                #expect(Variable.named(String(match.0)) != nil, "\(file) names \(match.0)")
            }
        }
    }

    @Test func everyDefaultIsAValueOfItsKind() {
        for variable in Variable.all {
            if let standard = variable.standard { #expect(variable.kind.accepts(standard), "\(variable.name)") }
            #expect(variable.standard == nil || variable.otherwise == nil, "\(variable.name) has two defaults")
            #expect(!variable.meaning.contains("|") && !variable.meaning.contains("\n"))
        }
    }

    private static func sources() throws -> [String] {
        let folder = "\(root)/Sources"
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        let files = names.filter { [".swift", ".c", ".h", ".cpp"].contains(where: $0.hasSuffix) }.map {
            "\(folder)/\($0)"
        }
        return try #require(files.count > 200 ? files : nil)
    }
}
