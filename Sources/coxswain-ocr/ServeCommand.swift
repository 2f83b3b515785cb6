import API
import APIKeys
import ArgumentParser
import Glibc
import Health
import Logging
import NIOCore
import Notify
import Pipeline
import TimeOfDay
import VariableCatalog

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve the OCR API over HTTP.",
        discussion: "Takes over a listening socket handed over as LISTEN_FDS; otherwise binds --listen.")

    @Option(help: "Address to bind when no socket is handed over.")
    var listen = "0.0.0.0:8081"

    func run() async throws {
        let endpoint = try endpoint()
        let setup = try Setup()
        let logger = setup.logger
        let server: OCRServer
        do {
            server = try OCRServer(
                settings: setup.settings, renderers: setup.makeRenderers(reportsLosses: true), logger: logger,
                now: WallClock.now(),
                version: Version.current)
        } catch let problem as VariableProblem {
            logger.critical("a setting cannot be used", metadata: ["error": .string("\(problem)")])
            throw ExitCode(78)
        } catch let problem as KeyProblem {
            logger.critical("the API keys cannot be used", metadata: ["error": .string("\(problem)")])
            throw ExitCode(78)
        } catch {
            logger.critical("the api cannot start", metadata: ["error": .string("\(error)")])
            throw ExitCode.failure
        }
        let stopping = Latch()
        Signals.handle { _ in stopping.open() }
        let stop = Task {
            await stopping.wait()
            Notify.send("STOPPING=1\nSTATUS=finishing what is in flight")
            logger.info("stopping", metadata: ["grace_ms": .stringConvertible(setup.settings.stopGrace.milliseconds)])
            await server.stop()
        }
        do {
            try await server.run(on: endpoint) { address in
                Notify.send("READY=1\nSTATUS=serving")
                logger.info("serving", metadata: ["address": .string(address?.hostAndPort ?? "inherited socket")])
            }
        } catch {
            logger.critical("the api cannot serve", metadata: ["error": .string("\(error)")])
            throw ExitCode.failure
        }
        await stop.value
        logger.info("stopped")
    }

    private func endpoint() throws -> HTTPServer.Endpoint {
        if let inherited = SocketActivation.descriptors().first { return .inherited(descriptor: inherited.descriptor) }
        guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]),
            (0...65_535).contains(port), colon > listen.startIndex
        else { throw ValidationError("--listen must be HOST:PORT, for example 0.0.0.0:8081; it is \(listen)") }
        let host = listen[..<colon]
        // An IPv6 address stands in brackets.
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? host.dropFirst().dropLast() : host
        return .address(host: String(bare), port: port)
    }
}
