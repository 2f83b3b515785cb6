package import APIKeys
import HTTPTypes
package import Hummingbird
package import Logging
import NIOCore
import NIOHTTPTypes
package import Pipeline
package import PublicPort

/// What belongs to one request besides the request.
package struct APIContext: RequestContext {
    package typealias Source = APIContextSource

    package var coreContext: CoreRequestContextStorage
    package let identifier: RequestIdentifier
    /// As it was sent: HEAD goes to whoever answers GET.
    let method: HTTPRequest.Method
    package let connection: ClientConnection
    /// Filled in by whoever answers, for the request's line in the log.
    package let notes: RequestNotes
    /// The key that the request came with; nil while none are set, and where none is asked for.
    package var key: APIKey?

    package init(source: APIContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        identifier = source.identifier
        method = source.method
        connection = source.connection
        notes = RequestNotes()
    }
}

package struct APIContextSource: RequestContextSource {
    package let logger: Logger
    package let identifier: RequestIdentifier
    let method: HTTPRequest.Method
    package let connection: ClientConnection
}

/// The client's side of one request.
package struct ClientConnection: Sendable {
    private let channel: any Channel
    private let expectsContinue: Bool
    /// It was let in beyond the limit of connections, for probes.
    let isOnReserve: Bool
    /// Opens when the client has gone, or has closed its half of the connection.
    package let departure = Latch()

    init(channel: any Channel, expectsContinue: Bool, isOnReserve: Bool) {
        self.channel = channel
        self.expectsContinue = expectsContinue
        self.isOnReserve = isOnReserve
    }

    /// Asks a client that waits for it (`Expect: 100-continue`) to send the body. To be called when the request's
    /// head is found good: a client whose request is refused then sends no body at all.
    package func requestBody() {
        guard expectsContinue else { return }
        channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue)), promise: nil)
    }
}
