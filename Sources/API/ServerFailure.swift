import Glibc
import Logging
import NIOCore

/// Why the server ended, or never began.
package enum ServerFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case cannotAdopt(code: CInt)
    case listenerClosed

    package var description: String {
        switch self {
        case .cannotAdopt(let code): "cannot take over the listening socket: \(String(cString: strerror(code)))"
        case .listenerClosed: "the listening socket was closed under the server"
        }
    }
}

/// Keeps the listener alive when one connection cannot be accepted (no descriptor left, a client that is gone again):
/// an error that reaches the end of the pipeline would end the stream of connections.
final class AcceptErrors: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.warning("a connection could not be accepted", metadata: ["error": .string("\(error)")])
    }
}
