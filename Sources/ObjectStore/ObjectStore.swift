import Downloads
package import StoreSettings
import Synchronization
package import WebCalls

/// Puts objects into an S3 store. Whether it can is tried with each object: nothing is asked before.
package final class ObjectStore: Sendable {
    package let settings: ObjectStoreSettings
    private let options: ObjectStoreOptions
    private let abandoned = Mutex<[Abandoned]>([])

    /// An upload in parts that failed together with its end: the store keeps the parts, and bills for them.
    private struct Abandoned {
        var place: ObjectPlace
        var id: String
    }

    private static let mostAbandoned = 1000
    private static let abandonedAtOnce = 4

    package init(_ settings: ObjectStoreSettings, options: ObjectStoreOptions = ObjectStoreOptions()) {
        self.settings = settings
        self.options = options
    }

    package typealias Failure = TransferError

    /// What became of an object.
    package enum Placement: Sendable, Equatable {
        /// It is there.
        case stored
        /// Another object has its name, and keeps it.
        case taken
    }

    /// Puts the first `bytes` bytes of a file there. They are read twice, at their offsets, and must not change meanwhile:
    /// the store compares their digests. It is there whole or not at all.
    ///
    /// Blocks the calling thread, for as long as the store takes and answers.
    ///
    /// - Parameters:
    ///   - mark: of whoever writes it, no two of whom have the same: letters, digits, dashes. With it an object that has
    ///     another mark, or none, is not replaced. The object keeps it, as `x-amz-meta-coxswain-job`. nil: whatever has the
    ///     name is replaced.
    ///   - isCancelled: asked on this thread, several times a second; true ends it within a second.
    /// - Returns: ``Placement/taken`` only where there is a mark.
    @discardableResult package func put(
        _ descriptor: CInt, bytes: Int, to place: ObjectPlace, contentType: String, mark: String? = nil,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws(TransferError) -> Placement {
        let placement: Placement
        do throws(StoreFault) {
            guard !place.isPrefix, bytes >= 0 else { throw StoreFault(reason: "an object needs a name") }
            let conversation = try StoreConversation(settings, place, options, mark: mark, isCancelled: isCancelled)
            let make = { () throws(StoreFault) in
                try self.make(descriptor, bytes, at: place, contentType, conversation)
            }
            if let mark {
                placement = try ObjectClaim(conversation: conversation, mark: mark).place(make)
            } else {
                try make()
                placement = .stored
            }
        } catch {
            throw error.error(bucket: place.bucket, host: settings.host(of: place.bucket))
        }
        clearUp(in: place.bucket, isCancelled)
        return placement
    }

    private func make(
        _ descriptor: CInt, _ bytes: Int, at place: ObjectPlace, _ contentType: String,
        _ conversation: StoreConversation
    ) throws(StoreFault) {
        guard bytes > options.partBytes else { return try putWhole(descriptor, bytes, contentType, conversation) }
        let upload = MultipartUpload(
            conversation: conversation, descriptor: descriptor, bytes: bytes, contentType: contentType)
        try upload.run { id in
            abandoned.withLock {
                if $0.count < Self.mostAbandoned { $0.append(Abandoned(place: place, id: id)) }
            }
        }
    }

    private func putWhole(
        _ descriptor: CInt, _ bytes: Int, _ contentType: String, _ conversation: StoreConversation
    ) throws(StoreFault) {
        let body: WebCall.Body = bytes == 0 ? .bytes([]) : .file(descriptor, from: 0, count: bytes)
        let digests = try BodyDigests(of: body, isCancelled: conversation.isCancelled)
        try conversation.repeating { () throws(StoreFault) in
            let answer = try conversation.create(
                "PUT", headers: conversation.headers(contentType: contentType), body: body, digests: digests)
            if let fault = ETag.fault(answer.head.etag, answer.head, expected: digests.md5Hex) { throw fault }
        }
    }

    /// The store answers again: what it could not be told to forget, it is told now.
    private func clearUp(in bucket: String, _ isCancelled: @escaping @Sendable () -> Bool) {
        let some = abandoned.withLock { all in
            let some = Array(all.filter { $0.place.bucket == bucket }.prefix(Self.abandonedAtOnce))
            all.removeAll { one in some.contains { $0.id == one.id } }
            return some
        }
        for (index, upload) in some.enumerated() {
            if !isCancelled(),
                let conversation = try? StoreConversation(settings, upload.place, options, isCancelled: isCancelled),
                MultipartUpload.abort(upload.id, conversation, milliseconds: options.abortMilliseconds)
            {
                continue
            }
            abandoned.withLock { $0 += some[index...] }
            return
        }
    }
}
