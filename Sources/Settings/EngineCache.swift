/// Where an engine keeps what it compiled, so that the next start does not compile it again. Pure: names and paths.
///
/// Each kind of GPU, version of the engine and model has a folder of its own: what was made for another one is of no use, and
/// at worst is believed.
package struct EngineCache: Sendable, Equatable {
    /// The folder of all caches.
    package var folder: String
    package var model: String

    package init(folder: String, model: String) {
        self.folder = folder
        self.model = model
    }

    /// The name of the folder below ``folder``.
    ///
    /// - Parameters:
    ///   - gpus: names of the GPUs that the engine sees, as the driver tells them; a name tells the architecture. None: it runs
    ///     on the CPU.
    ///   - engine: what tells one version of it from another.
    package func key(gpus: [String], engine: String) -> String {
        let kinds = Set(gpus.map { Self.plain($0) })
        let gpu = kinds.isEmpty ? "cpu" : kinds.sorted().joined(separator: "+")
        return [gpu, Self.plain(engine), Self.plain(model)].map { String($0.prefix(70)) }.joined(separator: "_")
    }

    /// What an engine of these variables still has to be told: each variable with the folder that it names. Those that somebody
    /// has set are left alone.
    ///
    /// - Parameter base: the folder of one key.
    package static func variables(in base: String, beside environment: [String: String]) -> [String: String] {
        // vLLM's own lies in the user's cache folder, where somebody has chosen one.
        let others = ["VLLM_CACHE_ROOT": ["XDG_CACHE_HOME"]]
        return folders.mapValues { "\(base)/\($0)" }.filter { name, _ in
            ([name] + (others[name] ?? [])).allSatisfy { environment[$0]?.isEmpty ?? true }
        }
    }

    /// vLLM's torch.compile cache, Triton's kernels, TorchInductor's code, and FlashInfer's kernels, which go into
    /// `.cache/flashinfer` of the folder that is named.
    private static let folders = [
        "VLLM_CACHE_ROOT": "vllm", "TRITON_CACHE_DIR": "triton", "TORCHINDUCTOR_CACHE_DIR": "inductor",
        "FLASHINFER_WORKSPACE_BASE": "flashinfer",
    ]

    /// What may stand in the name of a file anywhere, in small letters.
    static func plain(_ text: String) -> String {
        var result = ""
        for scalar in text.lowercased().unicodeScalars {
            let isPlain =
                scalar.isASCII
                && (Character(scalar).isLetter || Character(scalar).isNumber || "+.".contains(Character(scalar)))
            if isPlain { result.unicodeScalars.append(scalar) } else if result.last != "-" { result += "-" }
        }
        let trimmed = result.drop { "-.".contains($0) }
        return trimmed.isEmpty ? "unknown" : String(trimmed)
    }
}

extension EngineCache {
    /// Whether a line of an engine's log tells of a cache that cannot be read: half written by somebody who was killed, or made
    /// by another version.
    package static func isComplaint(_ line: String, of folder: String) -> Bool {
        if signs.contains(where: line.contains) { return true }
        return line.contains(folder) && ["Error", "error", "corrupt", "truncated"].contains(where: line.contains)
    }

    /// Of Python's pickle and zipfile, and of the dynamic linker.
    private static let signs = [
        "UnpicklingError", "Ran out of input", "pickle data was truncated", "BadZipFile", "file too short",
        "invalid ELF header",
    ]
}
