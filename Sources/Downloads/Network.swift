import CCurl
import Synchronization

/// libcurl's multi interface on the thread that calls.
final class Network {
    private let multi: UnsafeMutableRawPointer
    private var exchanges: [UnsafeMutableRawPointer: Exchange] = [:]
    /// Others may wake the thread from its wait by it.
    let alarm: Alarm

    /// - Returns: nil where the system refuses memory.
    init?(maximumConnections: Int) {
        guard globalInitialization == CURLE_OK, let multi = curl_multi_init() else { return nil }
        self.multi = multi
        alarm = Alarm(multi)
        _ = ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, maximumConnections)
    }

    deinit {
        alarm.disarm()
        for exchange in exchanges.values { curl_multi_remove_handle(multi, exchange.handle) }
        exchanges = [:]
        curl_multi_cleanup(multi)
    }

    var count: Int { exchanges.count }

    func start(_ exchange: Exchange) {
        exchanges[exchange.handle] = exchange
        // It refuses nothing but a handle that is in use already.
        curl_multi_add_handle(multi, exchange.handle)
    }

    /// Breaks one off.
    func stop(_ exchange: Exchange) {
        guard exchanges.removeValue(forKey: exchange.handle) != nil else { return }
        curl_multi_remove_handle(multi, exchange.handle)
    }

    /// Moves everything on that can move, hands over what has ended, and waits for more where nothing has.
    func step(waitingAtMost milliseconds: Int, ended: (Exchange, CURLcode) -> Void) {
        var running: Int32 = 0
        curl_multi_perform(multi, &running)
        var hasEnded = false
        var handle: UnsafeMutableRawPointer?
        var code = CURLE_OK
        while ccurl_next_finished(multi, &handle, &code) {
            guard let handle, let exchange = exchanges.removeValue(forKey: handle) else { continue }
            hasEnded = true
            curl_multi_remove_handle(multi, handle)
            ended(exchange, code)
        }
        if !hasEnded { curl_multi_poll(multi, nil, 0, Int32(milliseconds), nil) }
    }
}

/// Ends a wait of a `Network` from another thread, as long as there is one.
final class Alarm: Sendable {
    /// Sendable unchecked: it is used for `curl_multi_wakeup` only, the one call that libcurl allows from any thread.
    private struct Handle: @unchecked Sendable { let pointer: UnsafeMutableRawPointer }

    private let handle: Mutex<Handle?>

    init(_ multi: UnsafeMutableRawPointer) { handle = Mutex(Handle(pointer: multi)) }

    func ring() { handle.withLock { if let handle = $0 { curl_multi_wakeup(handle.pointer) } } }

    func disarm() { handle.withLock { $0 = nil } }
}

/// Once a process, and before any other call: libcurl's own initialization is not safe among threads in every build.
private let globalInitialization = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
