import CCurl
import Glibc

/// Holds a transfer of libcurl to a policy: every connection that it makes, whatever name server, redirect or proxy setting
/// led there. Used on the transfer's thread alone.
package final class EgressGate {
    private let policy: EgressPolicy
    /// The last address that was refused; for the operator's log, never for whoever gave the URL.
    package private(set) var refused: String?
    /// Whether there was an address at all: until then names are looked up.
    package private(set) var wasAsked = false

    package init(_ policy: EgressPolicy) { self.policy = policy }

    /// Sets the handle's options. The gate has to live as long as the handle does.
    ///
    /// - Returns: false where libcurl refuses one of them; the handle must not be used then.
    package func install(on handle: UnsafeMutableRawPointer) -> Bool {
        let context = Unmanaged.passUnretained(self).toOpaque()
        let codes = [
            ccurl_set_socket_opener(handle, openSocket, context),
            ccurl_set_prerequest(handle, lookOnceMore, context),
            ccurl_set_string(handle, CURLOPT_PROTOCOLS_STR, "http,https"),
            ccurl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0),
            // A proxy would be what is connected to, and resolve names by itself. Empty: not that of the environment either.
            ccurl_set_string(handle, CURLOPT_PROXY, ""),
            ccurl_set_string(handle, CURLOPT_NOPROXY, "*"),
        ]
        return codes.allSatisfy { $0 == CURLE_OK }
    }

    fileprivate func mayConnect(_ address: UnsafePointer<sockaddr>) -> Bool {
        wasAsked = true
        // A name with one address that is refused is refused whole: the others would not be tried in its place.
        guard refused == nil else { return false }
        guard policy.mayConnect(address) else {
            refused = IPAddress(address)?.description ?? "an address of another family"
            return false
        }
        return true
    }

    /// - Returns: whether the request may be sent on a connection that stands.
    fileprivate func mayAsk(_ address: String) -> Bool {
        guard refused == nil else { return false }
        // What a zone says is no part of the address.
        let bare = address.prefix { $0 != "%" }
        guard let peer = IPAddress(bare), policy.permits(peer) else {
            refused = address
            return false
        }
        return true
    }
}

private func openSocket(
    _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let context, let address, let target = ccurl_socket_address(address),
        Unmanaged<EgressGate>.fromOpaque(context).takeUnretainedValue().mayConnect(target)
    else { return CURL_SOCKET_BAD }
    return ccurl_open_socket(address)
}

private func lookOnceMore(
    _ context: UnsafeMutableRawPointer?, _ peer: UnsafeMutablePointer<CChar>?, _ local: UnsafeMutablePointer<CChar>?,
    _ peerPort: CInt, _ localPort: CInt
) -> CInt {
    guard let context, let peer else { return CURL_PREREQFUNC_ABORT }
    let gate = Unmanaged<EgressGate>.fromOpaque(context).takeUnretainedValue()
    return gate.mayAsk(String(cString: peer)) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}
