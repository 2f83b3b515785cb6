import Glibc
import Lifecycle
import ProcessHost
import Settings

/// What must be there before anything is started, and would never come by itself.
enum Preflight {
    struct Problem: Error {
        let code: ExitCode
        let message: String
    }

    static func check(_ configuration: Configuration) throws(Problem) {
        for service in configuration.services {
            guard let program = service.command.first else { continue }
            if ProgramPath.find(program, path: service.environment["PATH"] ?? "") == nil {
                throw Problem(
                    code: .settings,
                    message: "service `\(service.name)`: the program `\(program)` is not there or not executable; "
                        + hint(program))
            }
            if let user = service.options.user {
                do {
                    _ = try AccountFile.read().resolve(user)
                } catch {
                    throw Problem(code: .settings, message: "service `\(service.name)`, `user`: \(error)")
                }
            }
            // Never a silent fallback: a container for a GPU that finds none says so and stops.
            if ["paddlex_genai_server", "vllm"].contains(program.split(separator: "/").last.map(String.init) ?? ""),
                service.role == .engine, service.usesGPU, !hasGPU
            {
                throw Problem(
                    code: .hopeless,
                    message: "the engine needs a GPU and this container has none: start it with `--gpus all` "
                        + "(Kubernetes: `resources.limits.nvidia.com/gpu: 1`), or ask for the CPU engine with COXSWAIN_ENGINE=tesseract"
                )
            }
        }
    }

    private static func hint(_ program: String) -> String {
        program == "paddlex_genai_server"
            ? "use an image that has PaddleX's vLLM server, choose another engine profile (`engine`), or ask for the CPU engine with COXSWAIN_ENGINE=tesseract"
            : "correct `command` in the settings, or the PATH"
    }

    /// NVIDIA's device nodes; /dev/dxg is what WSL has instead.
    private static var hasGPU: Bool {
        (["/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg"] as [String]).contains { access($0, F_OK) == 0 }
    }
}
