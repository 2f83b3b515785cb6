import Glibc
import Notify
import Testing

/// The receiver's end: a datagram socket at a path or in the abstract namespace.
private struct Receiver: ~Copyable {
    let name: String
    private let descriptor: Int32

    struct CannotBind: Error { var errno: Int32 }

    init(_ name: String) throws {
        self.name = name
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(name.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            path.copyBytes(from: bytes)
            if bytes[0] == UInt8(ascii: "@") { path[0] = 0 }
        }
        let length = socklen_t(2 + bytes.count + (bytes[0] == UInt8(ascii: "@") ? 0 : 1))
        let descriptor = descriptor
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        if result != 0 { throw CannotBind(errno: errno) }
    }

    deinit {
        close(descriptor)
        if name.hasPrefix("/") { unlink(name) }
    }

    func next() -> String? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
    }
}

@Suite struct NotifyTests {
    @Test(arguments: ["/tmp/coxswain-notify-\(getpid())", "@coxswain-notify-\(getpid())"])
    func datagramArrivesWhole(_ name: String) throws {
        let receiver = try Receiver(name)
        #expect(Notify.send("READY=1\nSTATUS=ждём", to: name))
        #expect(receiver.next() == "READY=1\nSTATUS=ждём")
        #expect(receiver.next() == nil)
    }

    @Test(arguments: [
        "", "/", "@", "relative", "vsock:2:1", "/nowhere/at/all", "/" + String(repeating: "x", count: 200),
    ])
    func whereNobodyListensNothingHappens(_ name: String) {
        #expect(!Notify.send("READY=1", to: name))
    }

    @Test func fullReceiverDoesNotBlock() throws {
        let receiver = try Receiver("@coxswain-notify-full-\(getpid())")
        var sent = 0
        while sent < 100_000, Notify.send("WATCHDOG=1", to: receiver.name) { sent += 1 }
        #expect(sent > 0 && sent < 100_000)
        #expect(receiver.next() == "WATCHDOG=1")
    }
}

@Suite struct SocketActivationTests {
    private func declared(_ pid: String?, _ count: String?, _ names: String?) -> [String] {
        SocketActivation.declared(processIdentifier: 42, listenPID: pid, listenFDs: count, listenFDNames: names)
            .map { "\($0.name)=\($0.descriptor)" }
    }

    @Test func descriptorsFollowFromThree() {
        #expect(declared("42", "2", "public:control") == ["public=3", "control=4"])
    }

    @Test func missingNamesAreUnknown() {
        #expect(declared("42", "3", nil) == ["unknown=3", "unknown=4", "unknown=5"])
        #expect(declared("42", "3", "a::c:d") == ["a=3", "unknown=4", "c=5"])
    }

    @Test func whatIsMeantForAnotherProcessIsNotTaken() {
        #expect(declared("43", "1", "public") == [])
        #expect(declared(nil, "1", "public") == [])
    }

    @Test(arguments: ["", "0", "-1", "x", "1025", "99999999999"])
    func countThatIsNoneIsNothing(_ count: String) {
        #expect(declared("42", count, nil) == [])
    }
}

@Suite struct WatchdogIntervalTests {
    private func declared(_ pid: String?, _ microseconds: String?) -> Duration? {
        WatchdogInterval.declared(processIdentifier: 42, watchdogPID: pid, watchdogMicroseconds: microseconds)
    }

    @Test func whoeverIsMeantIsWatched() {
        #expect(declared(nil, "4000000") == .seconds(4))
        #expect(declared("42", "1500") == .microseconds(1500))
    }

    @Test func othersAreNot() {
        for pid in ["43", "", "x"] { #expect(declared(pid, "4000000") == nil) }
        for count in [nil, "", "0", "-1", "x", "99999999999999999999"] { #expect(declared(nil, count) == nil) }
    }
}
