import Downloads
import WebCalls

/// An object that goes in several requests: the upload is begun, its parts are sent one after another, and the store puts
/// them together. Until then nobody sees any of it.
struct MultipartUpload {
    let conversation: StoreConversation
    let descriptor: CInt
    let bytes: Int
    let contentType: String

    /// - Parameter onAbandoned: told of an upload that failed and could not be given up either: the store keeps its parts.
    func run(onAbandoned: (String) -> Void) throws(StoreFault) {
        let id = try begin()
        do {
            try join(try parts(id), id)
        } catch {
            if !giveUp(id) { onAbandoned(id) }
            throw error
        }
    }

    private func begin() throws(StoreFault) -> String {
        try conversation.repeating { () throws(StoreFault) -> String in
            let answer = try conversation.ask(
                "POST", [("uploads", "")], headers: conversation.headers(contentType: contentType), body: .bytes([]))
            guard let id = StoreDocument.uploadID(answer.body) else {
                throw StoreFault(reason: "it did not begin an upload in parts; is this an S3 endpoint?")
            }
            return id
        }
    }

    private struct Part {
        var etag: String
        var md5: [UInt8]?
    }

    private func parts(_ id: String) throws(StoreFault) -> [Part] {
        let size = conversation.options.partBytes(of: bytes)
        var parts: [Part] = []
        var offset = 0
        while offset < bytes {
            let count = min(size, bytes - offset)
            parts.append(try part(parts.count + 1, .file(descriptor, from: Int64(offset), count: count), id))
            offset += count
        }
        return parts
    }

    private func part(_ number: Int, _ body: WebCall.Body, _ id: String) throws(StoreFault) -> Part {
        let digests = try BodyDigests(of: body, isCancelled: conversation.isCancelled)
        return try conversation.repeating { () throws(StoreFault) -> Part in
            let answer = try conversation.ask(
                "PUT", [("partNumber", "\(number)"), ("uploadId", id)], body: body, digests: digests,
                // That these bytes are wanted was said when the upload began.
                limits: { $0.continueMilliseconds = 1 })
            guard let etag = answer.head.etag, etag.utf8.count <= 256 else {
                throw StoreFault(reason: "it does not name the part that it got; is this an S3 endpoint?")
            }
            if let fault = ETag.fault(etag, answer.head, expected: digests.md5Hex) { throw fault }
            return Part(etag: etag, md5: digests.md5)
        }
    }

    private func join(_ parts: [Part], _ id: String) throws(StoreFault) {
        let body = WebCall.Body.bytes(StoreDocument.completion(parts.map(\.etag)))
        let digests = try BodyDigests(of: body, isCancelled: conversation.isCancelled)
        let sums = parts.compactMap(\.md5)
        let expected = sums.count == parts.count ? BodyDigests.etag(ofParts: sums) : nil
        var isUncertain = false
        try conversation.repeating { () throws(StoreFault) in
            do throws(StoreFault) {
                let answer = try conversation.create(
                    "POST", [("uploadId", id)], headers: ["Content-Type: application/xml"], body: body,
                    digests: digests,
                    limits: { [joinSeconds = conversation.options.joinSeconds] limits in
                        limits.stallSeconds = joinSeconds
                        limits.totalMilliseconds = joinSeconds * 1000
                    })
                // The status was sent before the work was done, and the body has the truth.
                guard let etag = StoreDocument.completedETag(answer.body) else {
                    let code = StoreDocument.errorCode(answer.body)
                    let known = code.flatMap { StoreFault.known($0, answer.head, now: 0) }
                    throw known
                        ?? .passing("it failed to put the parts together, and said so after a success (HTTP 200)")
                }
                if var fault = ETag.fault(etag, answer.head, expected: expected) {
                    // The parts are used up.
                    fault.isRepeated = false
                    throw fault
                }
            } catch {
                // An earlier try may have done it, and its answer was lost.
                if isUncertain, error.isUnknownUpload, isThere(expected) { return }
                isUncertain = true
                throw error
            }
        }
    }

    /// Whether the object is there, as it was to be.
    private func isThere(_ expected: String?) -> Bool {
        guard let answer = try? conversation.ask("HEAD"), answer.head.contentLength == Int64(bytes) else {
            return false
        }
        return answer.head.etag != nil && ETag.fault(answer.head.etag, answer.head, expected: expected) == nil
    }

    private func giveUp(_ id: String) -> Bool {
        let options = conversation.options
        let limit = conversation.isCancelled() ? options.cancelledAbortMilliseconds : options.abortMilliseconds
        return Self.abort(id, conversation, milliseconds: limit)
    }

    /// - Returns: whether the store has none of its parts any more.
    static func abort(_ id: String, _ conversation: StoreConversation, milliseconds: Int) -> Bool {
        do throws(StoreFault) {
            // Somebody's wish to end it all is why it is given up.
            _ = try conversation.ask(
                "DELETE", [("uploadId", id)], limits: { $0.totalMilliseconds = milliseconds }, isCancelled: { false })
            return true
        } catch {
            return error.isUnknownUpload
        }
    }
}
