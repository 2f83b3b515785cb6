import Foundation
import TestSupport
import Testing

extension RealVLLM {
    /// Starts that go wrong.
    @Suite(.serialized) struct FailedStarts {
        private func begin(_ title: String, _ settings: String, model: String? = nil) throws -> Story {
            let begin = Date()
            return Story(title, try VLLM.container(settings: settings, model: model), since: begin)
        }

        /// Waits for the container's end; returns PID 1's exit code.
        private func end(_ story: Story) throws -> Int32 {
            defer { story.tell() }
            let code = try story.container.exitCode(within: 500)
            print("\(story.title): status \(code)")
            return code
        }

        @Test func aFlagThatItDoesNotKnow() throws {
            let story = try begin("a flag that it does not know", VLLM.settings(flags: ["--no-such-flag"]))
            #expect(try end(story) == 69)
            let failure = story.records.first { $0.record.message.contains("engine failed after") }?.record
            #expect(
                failure?.message.contains("--no-such-flag") == true
                    || failure?.evidence?.contains("--no-such-flag") == true)
            #expect(story.records.count { $0.record.message == "engine started" } == 1)
        }

        @Test func aModelThatIsNotThere() throws {
            let story = try begin("a model that is not there", VLLM.settings(), model: "/no/such/model")
            #expect(try end(story) == 69)
            #expect(
                story.records.contains { $0.record.message.contains("failed") && $0.record.message.contains("model") })
            #expect(story.records.count { $0.record.message == "engine started" } == 1)
        }

        @Test func moreMemoryThanThereIs() throws {
            let story = try begin("more memory than there is", VLLM.settings(kvCache: 4000))
            #expect(try end(story) == 69)
            #expect(
                story.records.contains { $0.record.message.contains("failed") && $0.record.message.contains("memory") })
        }

        /// A stranger takes the port after the engine was started and before it binds; once he is gone all is well.
        @Test func aPortThatSomebodyElseTakes() throws {
            let story = try begin("a port that somebody else takes", VLLM.settings())
            let container = story.container
            defer { story.tell() }
            story.awaitWords("engine started", within: 30)
            do {
                let stranger = try Listener(port: container.enginePort)
                defer { stranger.close() }
                story.awaitWords("engine failed after", within: 200)
            }
            let failure = story.records.first { $0.record.message.contains("engine failed after") }?.record
            #expect(failure?.kind == "port-taken", "\(String(describing: failure))")
            try container.waitUntilReady(within: 400)
            container.signal(SIGTERM)
            #expect(try container.exitCode() == 0)
        }

        /// vLLM loses the first SIGTERM that comes while its core is built.
        @Test func termWhileItIsBuilt() throws {
            let story = try begin("SIGTERM while EngineCore is built", VLLM.settings())
            let container = story.container
            defer { story.tell() }
            #expect(eventually(within: 200) { container.pid(.core) != nil })
            #expect(eventually(within: 60) { container.logged("Initializing a V1 LLM engine") })
            story.strike()
            container.signal(SIGTERM)
            #expect(try container.exitCode(within: 30) == 0)
        }
    }
}

/// Somebody who listens on a port and answers nobody.
private struct Listener {
    private let descriptor: Int32

    struct CannotListen: Error {
        var port: UInt16
        var code: Int32
    }

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard bound == 0, listen(descriptor, 16) == 0 else {
            throw CannotListen(port: port, code: errno)
        }
    }

    func close() { Foundation.close(descriptor) }
}
