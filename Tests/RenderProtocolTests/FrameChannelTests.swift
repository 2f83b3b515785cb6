import Glibc
import RenderProtocol
import Testing

@Suite("A frame channel", .serialized, .timeLimit(.minutes(1)))
struct FrameChannelTests {
    /// Both ends of a socket, closed at the end of the test.
    private final class Ends {
        let descriptors: (first: CInt, second: CInt)

        init() throws {
            var pair: (CInt, CInt) = (-1, -1)
            let made = withUnsafeMutableBytes(of: &pair) { bytes in
                bytes.baseAddress.map {
                    socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, $0.assumingMemoryBound(to: CInt.self))
                }
            }
            try #require(made == 0)
            descriptors = pair
        }

        deinit {
            close(descriptors.first)
            close(descriptors.second)
        }

        var first: FrameChannel { FrameChannel(descriptor: descriptors.first) }
        var second: FrameChannel { FrameChannel(descriptor: descriptors.second) }

        func write(_ bytes: [UInt8]) {
            _ = Glibc.write(descriptors.first, bytes, bytes.count)
        }
    }

    private func soon(_ milliseconds: UInt64 = 2000) -> FrameChannel.Patience {
        FrameChannel.Patience(deadline: monotonicNanoseconds() + milliseconds * 1_000_000)
    }

    @Test("carries frames in order, empty ones too")
    func frames() throws {
        let ends = try Ends()
        for body in [[1, 2, 3], [], [9]] as [[UInt8]] { try ends.first.send(body) }
        for body in [[1, 2, 3], [], [9]] as [[UInt8]] {
            let received = try ends.second.receive(atMost: 10, patience: soon())
            #expect(received.body == body)
            #expect(received.passed == -1)
        }
    }

    @Test("carries a descriptor along")
    func descriptor() throws {
        let ends = try Ends()
        let null = open("/dev/null", O_RDONLY)
        try ends.first.send([7], passing: null)
        close(null)
        let received = try ends.second.receive(atMost: 10, patience: soon())
        #expect(received.body == [7])
        try #require(received.passed >= 0)
        #expect(fcntl(received.passed, F_GETFD) & FD_CLOEXEC != 0)
        var byte: UInt8 = 0
        #expect(read(received.passed, &byte, 1) == 0)
        close(received.passed)
    }

    @Test("refuses a frame over its limit without waiting for it")
    func oversize() throws {
        let ends = try Ends()
        ends.write([11, 0, 0, 0])
        #expect(throws: FrameChannel.Failure.malformed("a frame of 11 bytes, more than 10")) {
            try ends.second.receive(atMost: 10, patience: soon())
        }
    }

    @Test("tells that the other side is gone, be it between frames or inside one")
    func ends() throws {
        let clean = try Ends()
        shutdown(clean.descriptors.first, CInt(SHUT_WR))
        #expect(throws: FrameChannel.Failure.ended) { try clean.second.receive(atMost: 10) }
        for start: [UInt8] in [[5, 0], [5, 0, 0, 0], [5, 0, 0, 0, 1]] {
            let cut = try Ends()
            cut.write(start)
            shutdown(cut.descriptors.first, CInt(SHUT_WR))
            #expect(throws: FrameChannel.Failure.ended) { try cut.second.receive(atMost: 10) }
        }
    }

    @Test("gives up at its deadline, and when it is woken")
    func patience() throws {
        let ends = try Ends()
        ends.write([5, 0])
        #expect(throws: FrameChannel.Failure.deadlinePassed) { try ends.second.receive(atMost: 10, patience: soon(30)) }
        let bell = try Ends()
        bell.write([1])
        #expect(throws: FrameChannel.Failure.woken) {
            try ends.second.receive(atMost: 10, patience: .init(wake: bell.descriptors.second))
        }
    }

    @Test("does not raise SIGPIPE, nor block on a reader that stopped")
    func deafReader() throws {
        let ends = try Ends()
        let large = [UInt8](repeating: 1, count: 8 << 20)
        #expect(throws: FrameChannel.Failure.deadlinePassed) { try ends.first.send(large, patience: soon(50)) }
        shutdown(ends.descriptors.second, CInt(SHUT_RDWR))
        #expect(throws: FrameChannel.Failure.ended) { try ends.first.send(large, patience: soon()) }
    }
}
