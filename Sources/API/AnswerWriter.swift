import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// Puts an answer on the wire: with its length where it is short, compressed where it is large and the client takes that.
///
/// The head of an answer whose length is not known waits for the first bytes of its body. One that turns out to be short is
/// sent as it is; and one that fails before is answered as an error, not cut off.
enum AnswerWriter {
    /// - Parameters:
    ///   - preferences: the request's `Accept-Encoding`.
    ///   - failure: what is answered where the body fails before anything of it is out.
    static func send(
        _ response: Response, _ preferences: Preferences, _ writer: consuming ResponseWriter,
        failure: (any Error) -> Response
    ) async throws {
        guard isCompressible(response) else {
            return try await writer.write(response: response.head, body: response.body)
        }
        let takesGzip = preferences.quality(ofCoding: "gzip") > 0
        if let length = response.body.contentLength, length < minimum || !takesGzip {
            return try await writer.write(response: response.head, body: response.body)
        }
        let answer = DeferredAnswer(response.head, takesGzip: takesGzip, writer)
        do {
            try await response.body.write(DeferredWriter(answer: answer))
        } catch {
            guard let writer = answer.takeWriter() else { throw error }
            let response = failure(error)
            try await writer.write(response: response.head, body: response.body)
        }
    }

    /// Bytes from which on compressing is worth it.
    static let minimum = 4 << 10

    /// Text of any length; never events, each of which has to be there when it happens.
    static func isCompressible(_ response: Response) -> Bool {
        guard let type = response.headers[.contentType]?.lowercased().prefix(while: { $0 != ";" }),
            response.headers[.contentEncoding] == nil
        else { return false }
        return type != "text/event-stream"
            && (type.hasPrefix("text/") || type.hasSuffix("/json") || type.hasSuffix("+json"))
    }
}

private struct DeferredWriter: ResponseBodyWriter {
    let answer: DeferredAnswer

    mutating func write(_ buffer: ByteBuffer) async throws { try await answer.write(buffer) }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws { try await answer.finish(trailingHeaders) }
}

/// One answer whose head is not out yet. Belongs to one task.
private final class DeferredAnswer {
    private var head: HTTPResponse
    private let takesGzip: Bool
    private var writer: ResponseWriter?
    private var collected = ByteBuffer()
    private var body: (any ResponseBodyWriter)?
    private var gzip: GzipStream?

    init(_ head: HTTPResponse, takesGzip: Bool, _ writer: consuming ResponseWriter) {
        self.head = head
        self.takesGzip = takesGzip
        self.writer = consume writer
    }

    /// Nil when the head is out.
    func takeWriter() -> ResponseWriter? { writer.take() }

    func write(_ buffer: ByteBuffer) async throws {
        if body == nil {
            collected.writeImmutableBuffer(buffer)
            guard collected.readableBytes >= AnswerWriter.minimum else { return }
            try await begin()
        } else {
            try await pass(buffer)
        }
    }

    func finish(_ trailers: HTTPFields?) async throws {
        if let writer = writer.take() {
            head.headerFields[.contentLength] = String(collected.readableBytes)
            return try await writer.write(response: head, body: ResponseBody(byteBuffer: collected))
        }
        if let gzip { try await body?.write(gzip.finish()) }
        if let body { try await body.finish(trailers) }
    }

    /// It is long: sends the head, and what there is of the body.
    private func begin() async throws {
        guard let writer = writer.take() else { return }
        if takesGzip, let stream = GzipStream() {
            gzip = stream
            head.headerFields[.contentEncoding] = "gzip"
            head.headerFields[.contentLength] = nil
            // Other bytes: what was the same to the byte is so in meaning only (RFC 9110 §8.8.1).
            if let tag = head.headerFields[.eTag], !tag.hasPrefix("W/") { head.headerFields[.eTag] = "W/\(tag)" }
        }
        body = try await writer.writeHead(head)
        let first = collected
        collected = ByteBuffer()
        try await pass(first)
    }

    private func pass(_ buffer: ByteBuffer) async throws {
        let bytes = gzip?.compress(buffer) ?? buffer
        if bytes.readableBytes > 0 { try await body?.write(bytes) }
    }
}
