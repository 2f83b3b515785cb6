import Glibc
import RenderProtocol

/// Draws pages of one untrusted document at a time for the process that holds the other end of descriptor 3.
///
/// Limits come first: nothing that allocates much, opens files or starts threads runs before them.
@main
struct CoxswainRender {
    static func main() {
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
        // Libraries write what they think of a document to standard error, sometimes with its text in it.
        discardStandardError()
        warmUp()
        var server = Server(limits: limits)
        exit(server.run())
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

    private static func discardStandardError() {
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        guard null >= 0 else {
            close(STDERR_FILENO)
            return
        }
        dup2(null, STDERR_FILENO)
        close(null)
    }
}
