import CVersion
import Glibc
import Logging
import Notify
import ProcessHost
import ServiceLog
import TesseractEngine

/// The engine's log. It never holds anything of a document.
let log = Logger(label: "coxswain-tesseract") { _ in JSONLogHandler(level: .info) }

/// Arguments in, server on, signals awaited.
@main
enum Main {
    /// Exit statuses of sysexits(3).
    private enum Exit {
        static let cannotServe: Int32 = 69
        static let settings: Int32 = 78
    }

    /// How long requests may take to end after SIGTERM, in microseconds.
    private static let stopLimit: useconds_t = 1_000_000

    static func main() {
        let options = optionsOrExit()
        restartWithoutOpenMP()
        signal(SIGPIPE, SIG_IGN)
        // Blocked before there is any thread, so that none of them has a say in it: sigwait below takes them.
        var stopSignals = sigset_t()
        sigemptyset(&stopSignals)
        sigaddset(&stopSignals, SIGTERM)
        sigaddset(&stopSignals, SIGINT)
        pthread_sigmask(SIG_BLOCK, &stopSignals, nil)

        let workers = options.workers ?? CoreCount.available()
        Notify.send("STATUS=loading \(options.languages.joined(separator: "+")) for \(workers) recognisers")
        let pool = poolOrExit(options, workers)
        let serving = serve(options, pool, workers)
        var received: Int32 = 0
        while sigwait(&stopSignals, &received) != 0 {}
        log.info("stopping", metadata: ["signal": .stringConvertible(Int(received))])
        Notify.send("STOPPING=1")
        pool.close()
        serving.cancel()
        usleep(stopLimit)
        end(0)
    }

    private static func optionsOrExit() -> Options {
        let arguments = Array(CommandLine.arguments.dropFirst())
        var environment: [String: String] = [:]
        for name in ["OCR_LANGUAGES", "OCR_WORKERS"] { environment[name] = getenv(name).map { String(cString: $0) } }
        do throws(Options.Problem) {
            switch try Options.parse(arguments, environment: environment) {
            case .serve(let options): return options
            case .help: print(Options.help, terminator: "")
            case .version: print("\(String(cString: cox_version())) (Tesseract \(TesseractModel.version))")
            }
            exit(0)
        } catch {
            log.error("\(error.message)")
            exit(Exit.settings)
        }
    }

    /// Tesseract's OpenMP makes four threads a page out of every core and is slower for it; one page a core is what
    /// helps. libgomp reads the limit once, while it is loaded, which is before `main`: hence the second start.
    private static func restartWithoutOpenMP() {
        let name = "OMP_THREAD_LIMIT"
        guard getenv(name).map({ String(cString: $0) }) != "1" else { return }
        setenv(name, "1", 1)
        // By its path, for the process takes its name from it; by the link where the file was replaced meanwhile.
        var path = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let link = "/proc/self/exe"
        if readlink(link, &path, Int(PATH_MAX)) > 0 { execv(path, CommandLine.unsafeArgv) }
        execv(link, CommandLine.unsafeArgv)
        log.warning("pages will be read slowly: cannot start again with OMP_THREAD_LIMIT=1 (errno \(errno))")
    }

    private static func poolOrExit(_ options: Options, _ workers: Int) -> RecogniserPool {
        do throws(RecogniserUnavailable) {
            return try RecogniserPool(languages: options.languages, count: workers)
        } catch {
            log.error("\(error.message)")
            end(Exit.settings)
        }
    }

    private static func serve(_ options: Options, _ pool: RecogniserPool, _ workers: Int) -> Task<Void, Never> {
        let server = Server(options: options, pool: pool)
        return Task {
            do {
                try await server.run { port in
                    log.info(
                        "listening",
                        metadata: [
                            "host": .string(options.host), "port": .stringConvertible(port),
                            "recognisers": .stringConvertible(workers),
                            "languages": .string(options.languages.joined(separator: "+")),
                            "tesseract": .string(TesseractModel.version),
                        ])
                    Notify.send("READY=1\nSTATUS=listening on \(options.host):\(port)")
                }
                // Only a cancellation ends the server, and that is for `main` to ask.
                end(0)
            } catch is CancellationError {
                end(0)
            } catch {
                log.error("\(Server.explain(error, options))")
                end(Exit.cannotServe)
            }
        }
    }

    /// At once: recognisers may be at work, and exit(3) would run destructors that they depend on.
    private static func end(_ status: Int32) -> Never {
        _exit(status)
    }
}
