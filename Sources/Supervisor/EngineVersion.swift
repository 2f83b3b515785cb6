import Glibc
import ProcessHost

/// Tells one version of an engine from another without running it: by what pip wrote down when it installed it.
enum EngineVersion {
    /// - Parameters:
    ///   - command: the engine's.
    ///   - environment: the engine's: where its programs and libraries are looked for.
    /// - Returns: `vllm-0.10.2`; where that is not to be found, something that another file of the same name would not have.
    static func find(_ command: [String], environment: [String: String]) -> String {
        guard let name = command.first, let program = ProgramPath.find(name, path: environment["PATH"] ?? "") else {
            return "unknown"
        }
        for folder in libraries(of: program, environment) {
            if let package = package(in: folder) { return package }
        }
        var status = stat()
        let base = program.split(separator: "/").last ?? "engine"
        guard stat(program, &status) == 0 else { return String(base) }
        return "\(base)-\(status.st_mtim.tv_sec)-\(status.st_size)"
    }

    /// The package whose code compiles.
    private static let name = "vllm-"

    private static func package(in folder: String) -> String? {
        guard let open = OpenFolder(following: folder) else { return nil }
        var found: String?
        // Thousands of entries at most: a Python installation.
        open.forEach { entry in
            guard entry.name.hasPrefix(name), entry.name.hasSuffix(".dist-info") else { return true }
            found = String(entry.name.dropLast(".dist-info".count))
            return false
        }
        return found
    }

    /// Folders in which the program's Python looks for packages.
    private static func libraries(of program: String, _ environment: [String: String]) -> [String] {
        var folders = (environment["PYTHONPATH"] ?? "").split(separator: ":").map(String.init)
        // As it is called and as it is: the programs of a virtual environment are links out of it.
        var programs = [program, real(program)].compactMap { $0 }
        if let interpreter = interpreter(of: program, environment) {
            programs += [interpreter, real(interpreter)].compactMap { $0 }
        }
        var prefixes = [environment["VIRTUAL_ENV"]].compactMap { $0 }
        for program in programs {
            let parts = program.split(separator: "/")
            guard parts.count >= 2 else { continue }
            let prefix = "/" + parts.dropLast(2).joined(separator: "/")
            if !prefixes.contains(prefix) { prefixes.append(prefix) }
        }
        for prefix in prefixes {
            for library in ["lib", "lib64", "local/lib"] {
                guard let open = OpenFolder(following: "\(prefix)/\(library)") else { continue }
                open.forEach { entry in
                    if entry.name.hasPrefix("python3") {
                        for kind in ["site-packages", "dist-packages"] {
                            folders.append("\(prefix)/\(library)/\(entry.name)/\(kind)")
                        }
                    }
                    return true
                }
            }
        }
        return folders
    }

    /// What the first line of a script names: `#!/usr/bin/python3`, `#!/usr/bin/env python3`.
    private static func interpreter(of script: String, _ environment: [String: String]) -> String? {
        let file = open(script, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var start = [UInt8](repeating: 0, count: 256)
        let count = read(file, &start, start.count)
        guard count > 2, start.starts(with: "#!".utf8) else { return nil }
        let line = start[2..<count].prefix { $0 != UInt8(ascii: "\n") }
        let words = String(decoding: line, as: UTF8.self).split { $0.isWhitespace }.map(String.init)
        guard let first = words.first, first.hasPrefix("/") else { return nil }
        guard first.hasSuffix("/env"), let name = words.dropFirst().first(where: { !$0.hasPrefix("-") }) else {
            return first
        }
        return ProgramPath.find(name, path: environment["PATH"] ?? "")
    }

    private static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
