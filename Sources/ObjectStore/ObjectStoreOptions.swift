/// How uploads are made. Bytes, seconds.
package struct ObjectStoreOptions: Sendable {
    /// Up to so many an object goes in one request, above in parts of this size; of an object that would have more than
    /// `mostParts` in larger ones.
    package var partBytes = 16 << 20
    /// What S3 takes.
    package var mostParts = 10_000
    /// How often one request is made within one upload. A store that nobody answers at is left after two: whoever wants
    /// the upload comes again later.
    package var tries = 4
    /// The pause after a first failure; each further one is twice as long, up to the longest.
    package var firstPause = Duration.milliseconds(500)
    package var longestPause = Duration.seconds(5)
    /// A store that asks for more is left alone, and the error says for how long.
    package var longestRetryAfter = Duration.seconds(5)
    package var connectSeconds = 10
    /// Seconds for which less than `minimumBytesPerSecond` may go, and that an answer may take.
    package var stallSeconds = 30
    package var minimumBytesPerSecond = 1024
    /// How long the store may take to put parts together. AWS takes minutes for the largest.
    package var joinSeconds = 600
    /// Of requests that clear up.
    package var abortMilliseconds = 5000
    /// The same where somebody waits for the end of a cancelled upload.
    package var cancelledAbortMilliseconds = 500
    package var userAgent = "coxswain"
    /// Of the pauses' random part.
    package var seed: UInt64 = 0

    package init() {}

    /// Bytes of a part of an object: what is usual, or of a larger object so many whole mebibytes that it has not too many.
    package func partBytes(of bytes: Int) -> Int {
        guard bytes > partBytes * mostParts else { return partBytes }
        let mebibyte = 1 << 20
        let needed = (bytes + mostParts - 1) / mostParts
        return (needed + mebibyte - 1) / mebibyte * mebibyte
    }
}
