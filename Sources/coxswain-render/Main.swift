import CVersion
import Glibc
import RenderProtocol

/// Draws pages of one untrusted document at a time for the process that holds the other end of descriptor 3.
///
/// Limits come first: nothing that allocates much, opens files or starts threads runs before them. Then what is the same for
/// every document is opened and loaded, and the sandbox closes, all on one thread. The first byte of a document comes later.
@main
struct CoxswainRender {
    static func main() {
        if CommandLine.arguments.dropFirst() == ["--version"] {
            print(String(cString: cox_version()))
            exit(0)
        }
        let limits: Limits
        do {
            limits = try Limits(arguments: CommandLine.arguments.dropFirst())
            try limits.apply()
        } catch {
            complain("\(error)")
            exit(RendererExit.usage)
        }
        guard isStreamSocket(Server.socket) else {
            complain("descriptor 3 is not a stream socket; this program is started by coxswain-ocr, not by hand")
            exit(RendererExit.usage)
        }
        MemoryExhaustion.installHandlers()
        // Libraries write what they think of a document to standard output and error, sometimes with its text in it.
        discardOutput()
        loadConverter()
        let losses = Sandbox.enter(readablePaths: SandboxPaths.find())
        // Under the sandbox, like any document.
        warmUp()
        var server = Server(limits: limits, losses: losses)
        exit(server.run())
    }

    /// poppler takes passwords in ISO 8859-1, GLib makes them so, and the C library loads a module for that at its first use,
    /// which in the sandbox would be too late. A converter that is never closed keeps the module.
    private static func loadConverter() {
        _ = iconv_open("ISO-8859-1", "UTF-8")
    }

    private static func complain(_ message: String) {
        let line = "coxswain-render: \(message)\n"
        _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    }

    private static func isStreamSocket(_ descriptor: CInt) -> Bool {
        var type: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length) == 0
            && type == CInt(SOCK_STREAM.rawValue)
    }

    private static func discardOutput() {
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
            if null >= 0 { dup2(null, descriptor) } else { close(descriptor) }
        }
        close(null)
    }
}
