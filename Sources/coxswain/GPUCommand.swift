import ArgumentParser
import GPU
import Glibc
import NVML

/// `coxswain gpu`: what PID 1 asks in a process of its own, since it never loads a vendor's library itself.
struct GPUCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gpu",
        abstract: "Show the GPUs of this container, their memory and their driver.",
        discussion: "Exit status 0 whenever it could say something; no GPU is an answer too.")

    @Flag(help: "Print one line of JSON.")
    var json = false

    func run() throws {
        // The driver may hang, and Ctrl-C must work.
        OwnSignals.unblock()
        let report = NVMLReader.read()
        var rest = Array((json ? report.json : report.table).utf8)[...] + [0x0A]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { _exit(EXIT_FAILURE) }
            rest = rest.dropFirst(count)
        }
        // At once: the library's own clean-up asks the driver again, which may hang.
        _exit(EXIT_SUCCESS)
    }
}
