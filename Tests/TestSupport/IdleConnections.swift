import Foundation

/// Connections that are opened and then say nothing.
package final class IdleConnections {
    private var descriptors: [Int32] = []

    /// Opens so many, for which it raises this process's limit of descriptors as far as it may.
    ///
    /// - Throws: ``HTTPExchange/Failure`` where one cannot be opened.
    package init(_ count: Int, port: UInt16) throws {
        Self.allowDescriptors(count + 256)
        do {
            for _ in 0..<count { descriptors.append(try LocalSocket.connect(to: port)) }
        } catch {
            close()
            throw error
        }
    }

    deinit { close() }

    /// Those that the server has not ended.
    package var open: Int {
        var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        poll(&polled, nfds_t(polled.count), 0)
        // There is nothing to read for who has asked nothing: what can be read is an end.
        return polled.count { $0.revents == 0 }
    }

    package func close() {
        for descriptor in descriptors { Foundation.close(descriptor) }
        descriptors = []
    }

    static func allowDescriptors(_ wanted: Int) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard limit.rlim_cur < rlim_t(wanted) else { return }
        limit.rlim_cur = min(limit.rlim_max, rlim_t(wanted))
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
