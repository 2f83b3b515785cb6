import Downloads
import FoundationEssentials
import Glibc
import StoreSettings
import WebCalls

/// Requests about one object, one after another on the thread that calls, over connections that are kept.
final class StoreConversation {
    let options: ObjectStoreOptions
    let isCancelled: () -> Bool
    private let settings: ObjectStoreSettings
    private let url: String
    private let caller: WebCaller
    private var pauses: Pauses
    /// Of whoever writes the object, where it is to replace none; see ``ObjectClaim``.
    let mark: String?
    /// Whether the store has refused none yet.
    private var knowsConditions = true

    init(
        _ settings: ObjectStoreSettings, _ place: ObjectPlace, _ options: ObjectStoreOptions, mark: String? = nil,
        isCancelled: @escaping () -> Bool
    ) throws(StoreFault) {
        guard let caller = WebCaller() else {
            throw StoreFault(reason: "the system refuses memory or descriptors", mayPass: true)
        }
        self.caller = caller
        self.settings = settings
        self.mark = mark
        self.options = options
        self.isCancelled = isCancelled
        url = settings.bucket(place.bucket).url(of: place.key)
        var pauseOptions = DownloadOptions()
        pauseOptions.firstPause = options.firstPause
        pauseOptions.longestPause = options.longestPause
        pauseOptions.longestRetryAfter = options.longestRetryAfter
        pauseOptions.seed = options.seed == 0 ? .random(in: 1 ... .max) : options.seed
        pauses = Pauses(pauseOptions)
    }

    /// What a request that begins an object says of it.
    func headers(contentType: String) -> [String] {
        ["Content-Type: \(contentType)"] + (mark.map { ["\(ObjectClaim.field): \($0)"] } ?? [])
    }

    /// Makes a request once.
    ///
    /// - Parameter query: names and values, without their encoding.
    /// - Returns: an answer that says that it is done.
    func ask(
        _ method: String, _ query: [(name: String, value: String)] = [], headers: [String] = [],
        body: WebCall.Body? = nil, digests: BodyDigests = .empty,
        limits change: (inout WebCall.Limits) -> Void = { _ in }, isCancelled: (() -> Bool)? = nil
    ) throws(StoreFault) -> WebAnswer {
        let parameters = query.map { "\($0.name)=\(PercentEncoding.component($0.value))" }.joined(separator: "&")
        var call = WebCall(method, parameters.isEmpty ? url : "\(url)?\(parameters)")
        call.headers = headers
        if let md5 = digests.md5 { call.headers.append("Content-MD5: \(Data(md5).base64EncodedString())") }
        call.headers.append("x-amz-content-sha256: \(digests.sha256)")
        call.body = body
        call.signing = settings.signing
        call.userAgent = options.userAgent
        call.certificateFile = settings.certificateFile
        call.limits.connectSeconds = options.connectSeconds
        call.limits.stallSeconds = options.stallSeconds
        call.limits.minimumBytesPerSecond = options.minimumBytesPerSecond
        change(&call.limits)
        let answer: WebAnswer
        do {
            answer = try caller.answer(to: call, isCancelled: isCancelled ?? self.isCancelled)
        } catch {
            throw StoreFault(error, limits: call.limits)
        }
        guard (200..<300).contains(answer.status) else { throw StoreFault(answer, now: Int64(time(nil))) }
        guard answer.isWhole else { throw .passing("its answer was cut off") }
        return answer
    }

    /// Makes the request by which an object comes to be: where it was claimed on the condition that there is none of its
    /// name, as far as the store knows conditions.
    func create(
        _ method: String, _ query: [(name: String, value: String)] = [], headers: [String] = [], body: WebCall.Body,
        digests: BodyDigests, limits change: (inout WebCall.Limits) -> Void = { _ in }
    ) throws(StoreFault) -> WebAnswer {
        guard mark != nil, knowsConditions else {
            return try ask(method, query, headers: headers, body: body, digests: digests, limits: change)
        }
        do throws(StoreFault) {
            return try ask(
                method, query, headers: headers + ["If-None-Match: *"], body: body, digests: digests, limits: change)
        } catch {
            // OpenStack Swift says 501; who cannot read it at all, 400.
            guard error.status == 501 || error.status == 400 && !error.mayPass else { throw error }
            let answer = try ask(method, query, headers: headers, body: body, digests: digests, limits: change)
            knowsConditions = false
            return answer
        }
    }

    /// Makes a request again after a pause, a few times, where that may mend it.
    func repeating<Value>(_ request: () throws(StoreFault) -> Value) throws(StoreFault) -> Value {
        var tries = 0
        while true {
            do {
                return try request()
            } catch {
                tries += 1
                var fault = error
                fault.tries = tries
                guard fault.isRepeated, tries < (fault.isUnreachable ? min(options.tries, 2) : options.tries),
                    fault.retryAfter ?? .zero <= options.longestRetryAfter
                else { throw fault }
                try wait(pauses.next(after: tries, asked: fault.retryAfter))
            }
        }
    }

    private func wait(_ duration: Duration) throws(StoreFault) {
        let end = ContinuousClock.now + duration
        while case let left = end - .now, left > .zero {
            if isCancelled() { throw .cancelled }
            let slice = min(left, .milliseconds(50))
            usleep(UInt32(slice.components.attoseconds / 1_000_000_000_000) + 1)
        }
    }
}

/// What a store says about the bytes that it has.
enum ETag {
    /// - Parameter expected: the MD5 in hexadecimal digits, or of an object in parts that and their number; nil where it is
    ///   not known.
    /// - Returns: a fault where the tag has the same form and says something else.
    static func fault(_ tag: String?, _ head: ResponseHead, expected: String?) -> StoreFault? {
        guard let tag, let expected, isDigest(head) else { return nil }
        let bare = tag.split(separator: "\"").joined().lowercased()
        let sides = bare.split(separator: "-", omittingEmptySubsequences: false)
        guard let digits = sides.first, digits.utf8.count == 32, digits.utf8.allSatisfy(isHexDigit),
            sides.count == expected.split(separator: "-").count, bare != expected
        else { return nil }
        return .passing("the store's own digest (its ETag) is not that of the bytes that were sent")
    }

    /// Of what is encrypted with a key of its own a tag looks like an MD5 and is none.
    private static func isDigest(_ head: ResponseHead) -> Bool {
        head["x-amz-server-side-encryption-customer-algorithm"] == nil
            && head["x-amz-server-side-encryption"]?.hasPrefix("aws:kms") != true
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
