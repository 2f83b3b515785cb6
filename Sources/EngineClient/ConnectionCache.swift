import CCurl

/// The kept connections of one engine's life.
///
/// A cache of our own instead of the multi handle's: the latter cannot be told to forget, and a connection to an engine
/// that is gone may look alive, where the engine's machine went with it. Whoever forgets drops this object and makes
/// another; the last transfer that refers to it closes what is in it. It lives and dies on the thread of the
/// `TransferLoop`.
final class ConnectionCache {
    let share: UnsafeMutableRawPointer

    /// - Returns: nil for want of memory.
    init?() {
        guard let share = ccurl_share_connections() else { return nil }
        self.share = share
    }

    deinit {
        curl_share_cleanup(share)
    }
}
