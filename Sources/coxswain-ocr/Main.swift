import ArgumentParser
import Glibc
import Health

@main
enum Main {
    /// Not asynchronous: the main thread has to block its signals before any other thread is made.
    static func main() {
        Signals.block()
        Task.detached {
            await OCRCommand.main()
            exit(0)
        }
        Signals.wait()
    }
}

struct OCRCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coxswain-ocr",
        abstract: "Reads PDF documents and pictures through an OpenAI-compatible engine.",
        discussion: """
            Settings come from the environment: COXSWAIN_ENGINE_URL, COXSWAIN_ENGINE_MODEL, COXSWAIN_PAGE_DPI, \
            COXSWAIN_PAGE_PIXELS, COXSWAIN_PAGE_COLOR, OUTPUT_DIR, STATE_DIR and others.
            """,
        version: Version.current,
        subcommands: [ServeCommand.self, WarmupCommand.self, ConvertCommand.self])
}
