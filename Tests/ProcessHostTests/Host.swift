import Foundation
import ProcessHost
import TestSupport

/// Runs one service behind a real shim until nothing is left of it, or its shim was killed.
final class Host {
    let loop: ProcessHost.EventLoop
    var changes: [ServiceProcess.Change] = []
    var process: ServiceProcess?
    /// Called at each change.
    var react: (Host, ServiceProcess.Change) -> Void = { _, _ in }

    init() throws { loop = try ProcessHost.EventLoop() }

    /// A launch of a shell script, with the PATH that all tests share.
    static func launch(_ script: String) -> Launch {
        Launch(command: ["/bin/bash", "-c", script], environment: ["PATH": "/usr/bin:/bin"])
    }

    func run(_ script: String, react: @escaping (Host, ServiceProcess.Change) -> Void = { _, _ in }) throws {
        try run(Self.launch(script), react: react)
    }

    /// - Parameters:
    ///   - shim: what stands in for the shim's program.
    ///   - errors: a file for the service's standard error.
    func run(
        _ launch: Launch, shim: String = Programs.path("coxswain-shim"), errors: String = "/dev/null",
        sockets: [Int32] = [], react: @escaping (Host, ServiceProcess.Change) -> Void = { _, _ in }
    ) throws {
        self.react = react
        let sink = open("/dev/null", O_WRONLY)
        let errors = open(errors, O_WRONLY | O_CREAT | O_APPEND, 0o666)
        defer {
            close(sink)
            close(errors)
        }
        process = try ServiceProcess(
            loop: loop, shimPath: shim, launch: launch, output: (sink, errors), sockets: sockets
        ) { [unowned self] change in
            changes.append(change)
            self.react(self, change)
            switch change {
            case .gone, .shimLost: loop.stop()
            default: break
            }
        }
        // The test's own deadline: a shim that never says "gone" fails the test instead of hanging it.
        loop.setDeadline(EventLoop.now() + 30_000_000_000) { [unowned self] in loop.stop() }
        try loop.run()
        guard let process, !changes.contains(.shimLost) else { return }
        waitpid(process.shim, nil, changes.contains { if case .gone = $0 { true } else { false } } ? 0 : WNOHANG)
    }

    var exitStatus: Int32? {
        for case .exited(let status, _) in changes { return status }
        return nil
    }

    var exitUsage: ResourceUsage? {
        for case .exited(_, let usage) in changes { return usage }
        return nil
    }

    var killed: Int? {
        for case .gone(let killed, _) in changes { return killed }
        return nil
    }

    var treeUsage: ResourceUsage? {
        for case .gone(_, let usage) in changes { return usage }
        return nil
    }

    var notStarted: String? {
        for case .notStarted(let why) in changes { return why }
        return nil
    }

    var started: ProcessID? {
        for case .started(let pid) in changes { return pid }
        return nil
    }

    var stuck: (pid: ProcessID, state: String)? {
        for case .stuck(let pid, let state) in changes { return (pid, state) }
        return nil
    }

    var refused: [String] {
        changes.compactMap { if case .refused(let what, let why) = $0 { "\(what): \(why)" } else { nil } }
    }
}

extension TestFolder {
    /// A file's text, spaces and newlines at its ends left out; empty when there is none.
    func text(_ name: String) -> String {
        ((try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)) ?? "")
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Lets every user write here.
    func openToAll() { chmod(path, 0o777) }

    /// A program that runs the shim as nobody: no right of root is left to it.
    func unprivilegedShim() throws -> String {
        try write(
            "shim",
            """
            #!/bin/sh
            exec setpriv --reuid 65534 --regid 65534 --clear-groups \(Programs.path("coxswain-shim")) "$@"
            """, executable: true)
    }
}

let isRoot = geteuid() == 0
