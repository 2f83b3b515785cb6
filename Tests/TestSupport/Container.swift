import Foundation

/// A whole container: coxswain as real PID 1 of a PID namespace, with its services, on a port of its own.
package final class Container {
    package let port: UInt16
    package let enginePort: UInt16
    package let folder: TestFolder
    /// Process id of coxswain outside of its namespace.
    package private(set) var supervisor: Int32 = 0
    private let process = Process()

    package struct CannotStart: Error, CustomStringConvertible {
        package var description: String
    }

    /// Needs CAP_SYS_ADMIN for the namespaces; ``isPossible`` tells.
    ///
    /// - Parameters:
    ///   - settings: the text of a settings file.
    ///   - environment: beside the CPU engine, a free port and a folder of its own for results.
    ///   - isProcessOne: false runs it as an ordinary process, which is all that some places allow.
    ///   - wrapper: a command that changes something and then becomes the one that follows it, such as setpriv(1).
    package init(
        settings: String = "", environment: [String: String] = [:], isProcessOne: Bool = true,
        wrapper: (TestFolder) -> [String] = { _ in [] }
    ) throws {
        folder = try TestFolder()
        port = try Self.freePort()
        enginePort = try Self.freePort()
        let file = try folder.write("coxswain.toml", settings)
        var variables = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": folder.path,
            "COXSWAIN_ENGINE": "tesseract", "COXSWAIN_LISTEN": "127.0.0.1:\(port)", "VLLM_PORT": String(enginePort),
            "OUTPUT_DIR": "\(folder.path)/output", "COXSWAIN_DRAIN_DELAY": "200ms",
        ]
        variables.merge(environment) { $1 }
        let command = wrapper(folder) + [Programs.path("coxswain"), "run", "--config", file]
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            isProcessOne
            ? ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"] + command
            : command
        process.environment = variables
        let log = "\(folder.path)/log"
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        process.standardOutput = FileHandle(forWritingAtPath: log)
        process.standardError = FileHandle(forWritingAtPath: log)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        if isProcessOne {
            // unshare's only child. A container that ends at once is gone before it can be found.
            let pid = process.processIdentifier
            _ = eventually(within: 5) {
                supervisor = ProcessTable().below(pid).first?.pid ?? 0
                return supervisor != 0 || !process.isRunning
            }
        } else {
            supervisor = process.processIdentifier
        }
    }

    /// A container with these services alone, none of the OCR ones.
    package convenience init(
        services: String, environment: [String: String] = [:], isProcessOne: Bool = true,
        wrapper: (TestFolder) -> [String] = { _ in [] }
    ) throws {
        let off = ["engine", "warmup", "api"].map { "[service.\($0)]\nenabled = false\n" }.joined()
        try self.init(
            settings: "\(services)\n\(off)", environment: environment, isProcessOne: isProcessOne, wrapper: wrapper)
    }

    deinit {
        guard process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        if supervisor > 0 { kill(supervisor, SIGKILL) }
        process.waitUntilExit()
    }

    /// Whether this place lets us make namespaces.
    package static let isPossible: Bool = {
        (try? Shell.run("unshare", ["--pid", "--fork", "--mount-proc", "--kill-child", "true"]))?.status == 0
    }()

    package func get(_ target: String, timeout: Double = 5) throws -> HTTPExchange {
        try HTTPExchange.get(target, port: port, timeout: timeout)
    }

    /// Waits until `/readyz` is 200.
    package func waitUntilReady(within seconds: Double = 60) throws {
        let ready = eventually(within: seconds) { (try? get("/readyz"))?.status == 200 || !process.isRunning }
        guard ready, process.isRunning else { throw CannotStart(description: "not ready; its log:\n\(log)") }
    }

    /// What it wrote, one JSON record a line.
    package var log: String { (try? String(contentsOfFile: "\(folder.path)/log", encoding: .utf8)) ?? "" }

    package func logged(_ text: String) -> Bool { log.contains(text) }

    /// How often a text is in the log.
    package func count(_ text: String) -> Int { log.components(separatedBy: text).count - 1 }

    /// Sets another settings file in the place of the one it started with, for SIGHUP.
    package func rewriteSettings(_ change: (String) -> String) throws {
        let path = "\(folder.path)/coxswain.toml"
        // In one step: it may be read at this very moment, for the signal before.
        let new = try folder.write("coxswain.toml.new", change(try String(contentsOfFile: path, encoding: .utf8)))
        rename(new, path)
    }

    /// The running processes of a program below PID 1, shims left out.
    package func processes(_ program: String) -> [Int32] {
        ProcessTable().below(supervisor).filter { $0.program == program && $0.state != "Z" }.map(\.pid)
    }

    /// The process of a service, as PID 1 names it.
    package func running(_ program: String, _ argument: String) -> Int32? {
        ProcessTable().below(supervisor)
            .first { $0.program == program && $0.command.contains(argument) && $0.state != "Z" }?.pid
    }

    /// The same, once it runs: what a script says comes before it becomes another program.
    package func awaitRunning(_ program: String, _ argument: String) throws -> Int32 {
        var pid: Int32?
        _ = eventually {
            pid = running(program, argument)
            return pid != nil
        }
        guard let pid else { throw CannotStart(description: "no \(program) \(argument); its log:\n\(log)") }
        return pid
    }

    package func signal(_ number: Int32) { kill(supervisor, number) }

    /// Waits for the end; returns PID 1's exit code.
    package func exitCode(within seconds: Double = 40) throws -> Int32 {
        guard eventually(within: seconds, { !process.isRunning }) else {
            throw CannotStart(description: "still running after \(seconds) s; its log:\n\(log)")
        }
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Sends a file to an endpoint with curl, as a user would.
    package func send(
        _ path: String, to target: String = "/ocr/pdf", fileName: String? = nil, fields: [String: String] = [:]
    ) throws -> (status: Int, body: String) {
        let name = fileName.map { ";filename=\"\($0)\"" } ?? ""
        let result = try Shell.run(
            "curl",
            [
                "-sS", "-m", "300", "-w", "\n%{http_code}", "-F", "file=@\(path)\(name)",
            ] + fields.flatMap { ["-F", "\($0)=\($1)"] } + [
                "http://127.0.0.1:\(port)\(target)"
            ])
        let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
        guard let status = lines.last.flatMap({ Int($0) }) else {
            throw CannotStart(description: "curl: \(result.errors)")
        }
        return (status, lines.dropLast().joined(separator: "\n"))
    }

    /// Sends a document in the background, does something, and waits for the answer, whatever came of that.
    package func whileSending(
        _ document: String, _ body: () throws -> Void
    ) throws -> (status: Int, body: String) {
        nonisolated(unsafe) let sharing = self
        nonisolated(unsafe) var answer: Result<(status: Int, body: String), any Error>?
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            answer = Result { try sharing.send(document) }
            done.signal()
        }
        let outcome = Result { try body() }
        done.wait()
        try outcome.get()
        guard let answer else { throw HTTPExchange.Failure.cutShort }
        return try answer.get()
    }

    package static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard result else { throw CannotStart(description: "no free port") }
        return UInt16(bigEndian: address.sin_port)
    }
}
