import Foundation
import TestSupport

/// A model of a few megabytes, a hub that has it, and an engine that can do nothing but look at what it was given.
final class TinyModel {
    struct Unusable: Error, CustomStringConvertible { var description: String }

    /// What containers share.
    let models: TestFolder
    private let folder: TestFolder
    private let hub = Process()
    let hubPort: UInt16

    private static let weightsSize = 6_000_000

    /// - Parameter megabytesPerSecond: how fast the hub sends, for each connection.
    init(megabytesPerSecond: Double = 200) throws {
        models = try TestFolder()
        folder = try TestFolder()
        hubPort = try Container.freePort()
        try folder.write("hub.py", Self.hubScript)
        try folder.write("engine.py", Self.engineScript)
        let made = try Shell.run(
            "python3", ["-c", Self.makingScript, folder.path, "\(Self.weightsSize)"])
        guard made.status == 0 else { throw Unusable(description: made.errors) }
        hub.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        hub.arguments = ["python3", "-u", "\(folder.path)/hub.py", folder.path, "\(hubPort)", "\(megabytesPerSecond)"]
        hub.standardOutput = FileHandle.nullDevice
        hub.standardError = FileHandle.nullDevice
        try hub.run()
        let port = hubPort
        guard eventually(within: 20, { (try? HTTPExchange.get("/", port: port)) != nil }) else {
            throw Unusable(description: "the hub does not answer")
        }
        try folder.write("requests", "")
    }

    deinit { closeHub() }

    func closeHub() {
        guard hub.isRunning else { return }
        kill(hub.processIdentifier, SIGKILL)
        hub.waitUntilExit()
    }

    /// From now on the hub answers everything with an error of its own.
    func failHub() throws { try folder.write("failing", "") }

    /// What was asked of the hub, a path a line.
    var requests: [Substring] {
        ((try? String(contentsOfFile: "\(folder.path)/requests", encoding: .utf8)) ?? "").split(separator: "\n")
    }

    /// Where it is once it is there.
    var path: String { "\(models.path)/Tiny" }

    var isThere: Bool {
        (try? FileManager.default.attributesOfItem(atPath: "\(path)/weights.bin")[.size] as? Int) == Self.weightsSize
    }

    /// A container of preload and engine, and nothing behind them.
    ///
    /// - Parameters:
    ///   - preload: further lines of `[service.preload]`.
    ///   - wrapper: see ``Container``.
    func container(
        preload: String = "", environment: [String: String] = [:], wrapper: (TestFolder) -> [String] = { _ in [] }
    ) throws -> Container {
        var variables = [
            "COXSWAIN_ENGINE": "vllm", "COXSWAIN_ENGINE_MODEL": "tiny-model", "COXSWAIN_MODEL_ROOT": models.path,
            "COXSWAIN_MODEL_MANIFESTS": "\(folder.path)/manifests", "COXSWAIN_MODEL_SOURCES": "huggingface",
            "HF_ENDPOINT": "http://127.0.0.1:\(hubPort)", "HF_TOKEN": "secret-token",
        ]
        variables.merge(environment) { $1 }
        return try Container(
            settings: """
                [service.engine]
                command = ["python3", "-u", "\(folder.path)/engine.py", "{weights}", "{port}"]
                gpu = false
                restart = { backoff = ["0s", "50ms", "50ms"] }
                [service.preload]
                \(preload.isEmpty ? "restart = { backoff = [\"0s\", \"50ms\", \"50ms\"] }" : preload)
                [service.warmup]
                enabled = false
                [service.api]
                enabled = false
                """, environment: variables, wrapper: wrapper)
    }

    /// What the engine found when it was started: its environment, and the files of the folder that it was told of.
    struct EngineReport: Decodable {
        var environment: [String: String]
        var files: [String: Int]
        var weights: String
    }

    static func engineReport(_ container: Container) throws -> EngineReport {
        let path = "\(container.folder.path)/engine-report.json"
        guard eventually(within: 20, { FileManager.default.fileExists(atPath: path) }) else {
            throw Unusable(description: "no engine was started; the log:\n\(container.log)")
        }
        return try JSONDecoder().decode(EngineReport.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    // MARK: Scripts

    private static let makingScript = #"""
        import hashlib, os, sys
        folder, size = sys.argv[1], int(sys.argv[2])
        os.makedirs(f'{folder}/files'); os.makedirs(f'{folder}/manifests')
        files = {'config.json': b'{"model_type": "tiny"}', 'weights.bin': os.urandom(size)}
        text = f'name = "tiny-model"\nfolder = "Tiny"\nrepository = "someone/tiny"\nrevision = "{"0123456789" * 4}"\n'
        for name, data in files.items():
            open(f'{folder}/files/{name}', 'wb').write(data)
            digest = hashlib.sha256(data).hexdigest()
            text += f'[[files]]\npath = "{name}"\nsize = {len(data)}\nsha256 = "{digest}"\n'
        open(f'{folder}/manifests/tiny.toml', 'w').write(text)
        """#

    /// As the hub answers for files: ranges, and as slow as it was told to be.
    private static let hubScript = #"""
        import http.server, os, re, sys, time
        folder, port, rate = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]) * 1e6
        class Hub(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def do_HEAD(self): self.answer(False)
            def do_GET(self): self.answer(True)
            def answer(self, sends):
                open(f'{folder}/requests', 'a').write(self.path + '\n')
                match = re.fullmatch(r'/someone/tiny/resolve/\w+/([\w.]+)', self.path)
                path = f'{folder}/files/{match.group(1)}' if match else ''
                failing = os.path.exists(f'{folder}/failing')
                if failing or not os.path.exists(path):
                    self.send_response(500 if failing else 404)
                    if failing: self.send_header('Retry-After', '0')
                    self.send_header('Content-Length', '0')
                    return self.end_headers()
                data = open(path, 'rb').read()
                wanted = re.fullmatch(r'bytes=(\d+)-(\d*)', self.headers.get('Range', ''))
                first, last = 0, len(data) - 1
                if wanted:
                    first, last = int(wanted.group(1)), min(last, int(wanted.group(2) or last))
                self.send_response(206 if wanted else 200)
                if wanted: self.send_header('Content-Range', f'bytes {first}-{last}/{len(data)}')
                self.send_header('Content-Length', str(last + 1 - first))
                self.send_header('Accept-Ranges', 'bytes')
                self.send_header('ETag', '"tiny"')
                self.end_headers()
                if not sends: return
                began = time.monotonic()
                for place in range(first, last + 1, 65536):
                    self.wfile.write(data[place:min(place + 65536, last + 1)])
                    ahead = (place + 65536 - first) / rate - (time.monotonic() - began)
                    if ahead > 0: time.sleep(ahead)
            def log_message(self, *a): pass
        http.server.ThreadingHTTPServer(('127.0.0.1', port), Hub).serve_forever()
        """#

    /// Writes down what it was given, and then serves. A file `broken` in its cache is more than it can bear.
    private static let engineScript = #"""
        import http.server, json, os, sys
        weights, port = sys.argv[1], int(sys.argv[2])
        cache = os.environ.get('VLLM_CACHE_ROOT', '')
        if os.path.exists(f'{cache}/broken'):
            sys.exit('EOFError: Ran out of input')
        if cache: open(f'{cache}/compiled', 'w').write('x')
        files = {name: os.path.getsize(f'{weights}/{name}') for name in os.listdir(weights) if not name.startswith('.')}
        report = {'environment': dict(os.environ), 'files': files, 'weights': weights}
        path = f"{os.environ['HOME']}/engine-report.json"
        open(path + '.new', 'w').write(json.dumps(report))
        os.rename(path + '.new', path)
        class Engine(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header('Content-Length', '0')
                self.end_headers()
            def log_message(self, *a): pass
        http.server.ThreadingHTTPServer(('127.0.0.1', port), Engine).serve_forever()
        """#
}
