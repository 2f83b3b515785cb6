import Downloads
import Readable
import StoreSettings
import WebCalls

/// Why one request to the store came to nothing.
struct StoreFault: Error {
    /// What happened, as the end of "the upload to the bucket NAME at HOST failed: ".
    var reason: String
    /// Whether the same request makes sense again at once, a few times.
    var isRepeated = false
    /// Whether the whole upload makes sense again some time.
    var mayPass = false
    /// Nobody answered at all.
    var isUnreachable = false
    var retryAfter: Duration?
    /// S3's name of the error, where the store gave one.
    var code: String?
    /// Of the answer; nil where there was none.
    var status: Int?
    /// How often the request was made.
    var tries = 1

    /// The store has no such upload in parts, or not any more. OpenStack Swift calls it as AWS calls a missing object.
    var isUnknownUpload: Bool { code == "NoSuchUpload" || code == "NoSuchKey" }

    /// There is an object of that name, and the request was for none to be replaced.
    var isTaken: Bool { status == 412 }

    static let cancelled = StoreFault(reason: "it was cancelled", mayPass: true)

    /// What another try may mend.
    static func passing(_ reason: String) -> StoreFault {
        StoreFault(reason: reason, isRepeated: true, mayPass: true)
    }

    func error(bucket: String, host: String) -> TransferError {
        var message = "the upload to the bucket \(bucket) at \(host) failed: \(reason)"
        if tries > 1 { message += "; tried \(tries) times" }
        return TransferError(place: bucket, message: message, mayPass: mayPass, retryAfter: retryAfter)
    }
}

// MARK: - No answer

extension StoreFault {
    init(_ failure: WebCallFailure, limits: WebCall.Limits) {
        let detail = PlainText.short(failure.detail)
        switch failure.kind {
        case .cancelled: self = .cancelled
        case .invalid:
            self.init(
                reason: "libcurl refuses the request; check the endpoint, the type of content, and that the file that "
                    + "SSL_CERT_FILE names is there")
        case .refusedAddress: self.init(reason: "its address may not be connected to")
        case .unresolved:
            self = .passing("its name could not be resolved; check the endpoint and DNS")
            isUnreachable = true
        case .unreachable:
            self = .passing("no connection (\(detail))")
            isUnreachable = true
        case .untrusted:
            self.init(
                reason:
                    "it could not prove who it is (\(detail)); if it has a certificate of your own, set SSL_CERT_FILE to "
                    + "a file with its authority's certificate")
        case .wrongHost:
            self.init(
                reason:
                    "its certificate is for another host (\(detail)); check the endpoint, and COXSWAIN_S3_PATH_STYLE")
        case .timedOut:
            self = .passing(
                "no connection within \(limits.connectSeconds) s, or less than "
                    + "\(ByteCount.text(limits.minimumBytesPerSecond)) a second for \(limits.stallSeconds) s")
        case .broken: self = .passing("the connection broke (\(detail))")
        case .unreadable: self.init(reason: detail)
        }
    }
}

// MARK: - An answer

extension StoreFault {
    /// What an answer means that is no success.
    ///
    /// - Parameter now: seconds since 1970.
    init(_ answer: WebAnswer, now: Int64) {
        let head = answer.head
        let code = StoreDocument.errorCode(answer.body)
        self = code.flatMap { Self.known($0, head, now: now) } ?? Self.byStatus(head)
        self.code = code
        status = head.status
        retryAfter = mayPass ? head.retryAfter(now: now) : nil
    }

    /// By S3's own list of errors, as far as they say more than the status does.
    static func known(_ code: String, _ head: ResponseHead, now: Int64) -> StoreFault? {
        switch code {
        case "SignatureDoesNotMatch":
            StoreFault(
                reason: "the signature is not right (\(code)); check the keys and the region")
        case "InvalidAccessKeyId": StoreFault(reason: "it does not know the access key (\(code))")
        case "AccessDenied", "AllAccessDisabled", "AccountProblem":
            StoreFault(reason: "the access key may not write there (\(code)); check its rights")
        case "ExpiredToken", "TokenRefreshRequired", "InvalidToken", "InvalidSecurity":
            StoreFault(
                reason:
                    "the keys are not valid any more (\(code)); set new ones, with AWS_SESSION_TOKEN if they have one")
        case "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect":
            StoreFault(reason: "the bucket is in another region or at another endpoint (\(code))\(region(head))")
        case "NoSuchBucket": StoreFault(reason: "there is no such bucket (\(code))")
        case "InvalidBucketName": StoreFault(reason: "no bucket can be called so there (\(code))")
        case "KeyTooLongError", "InvalidURI": StoreFault(reason: "it does not take the object's name (\(code))")
        case "EntityTooLarge": StoreFault(reason: "it takes no object so large (\(code))")
        case "RequestTimeTooSkewed", "RequestExpired":
            StoreFault(
                reason: "its clock and this machine's differ\(skew(head, now)) (\(code)): set the clock", mayPass: true)
        case "QuotaExceeded", "ServiceQuotaExceeded", "XMinioStorageFull":
            StoreFault(reason: "it has no room left (\(code))", mayPass: true)
        // What lies about the bytes may have been on the way.
        case "BadDigest", "XAmzContentSHA256Mismatch", "InvalidDigest", "IncompleteBody":
            .passing("the bytes were altered or cut on the way (\(code))")
        case "NoSuchUpload", "InvalidPart", "InvalidPartOrder":
            StoreFault(reason: "it does not know what was uploaded of it any more (\(code))", mayPass: true)
        case "RequestTimeout", "SlowDown", "Busy", "InternalError", "ServiceUnavailable", "OperationAborted",
            "ConditionalRequestConflict":
            .passing("it failed or is busy (\(code))")
        default: nil
        }
    }

    private static func byStatus(_ head: ResponseHead) -> StoreFault {
        let status = head.status
        switch status {
        case 300..<400:
            return StoreFault(
                reason: "it sends on to another place (HTTP \(status)); check the endpoint\(region(head))")
        case 401, 403:
            return StoreFault(
                reason: "it refuses access (HTTP \(status)); check the access key, its rights and the region")
        case 404, 410: return StoreFault(reason: "there is no such bucket, or no S3 endpoint (HTTP \(status))")
        case 411, 501, 505:
            return StoreFault(reason: "it does not do what is needed (HTTP \(status)); is this an S3 endpoint?")
        case 408, 409, 425, 429, 500...599: return .passing("it failed or is busy (HTTP \(status))")
        default: return StoreFault(reason: "it answered HTTP \(status)")
        }
    }

    private static func region(_ head: ResponseHead) -> String {
        guard let region = head["x-amz-bucket-region"], (1...64).contains(region.utf8.count),
            region.utf8.allSatisfy(StoreVariables.isRegionByte)
        else { return "; check AWS_REGION" }
        return "; set AWS_REGION to \(region)"
    }

    private static func skew(_ head: ResponseHead, _ now: Int64) -> String {
        guard let date = head["date"].flatMap(HTTPDate.seconds), abs(date - now) > 1 else { return "" }
        return " by \(TimeSpan.text(Double(abs(date - now))))"
    }
}
