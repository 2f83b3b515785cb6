import Glibc
import RenderProtocol
import Rendering
import Testing

extension RenderingTests {
    @Suite("Nothing is left behind")
    struct Resources {
        /// Descriptors of this process whose link satisfies a condition.
        private func descriptors(_ condition: (String) -> Bool) -> Int {
            (0..<4096).count { number in
                Fixtures.target(ofLink: "/proc/self/fd/\(number)").map(condition) ?? false
            }
        }

        @Test("of a pool that was shut down, or let go")
        func pools() async throws {
            // Other tests of this program may open a socket or two meanwhile, not twenty.
            let sockets = descriptors { $0.hasPrefix("socket:") }
            for round in 0..<20 {
                let pool = Fixtures.pool(workers: 2)
                _ = try await pool.open(TemporaryFile(smallPDF()))
                if round % 2 == 0 { pool.shutdown() }
            }
            #expect(descriptors { $0.hasPrefix("socket:") } < sockets + 20)
            #expect(Fixtures.renderers().isEmpty)
        }

        @Test(
            "of a document that was closed, or let go",
            .enabled(if: Fixtures.seesDescriptors, Fixtures.seesDescriptorsHint))
        func documents() async throws {
            let pool = Fixtures.pool(workers: 2)
            defer { pool.shutdown() }
            let file = try TemporaryFile(slowPDF(strokes: 1))
            func open() -> Int { descriptors { $0 == file.path } }
            do {
                let closed = try await pool.open(file)
                let released = try await pool.open(file)
                #expect(open() == 3)
                async let first = pool.render(closed, page: 0, budget: PixelBudget(dpi: 30))
                async let second = pool.render(released, page: 0, budget: PixelBudget(dpi: 30))
                _ = try await (first, second)
                closed.close()
                let error = await renderError { _ = try await pool.render(closed, page: 0, budget: PixelBudget()) }
                #expect(error?.code == .closed)
            }
            // The thread that drove the renderer may be a moment behind.
            #expect(try await eventually { open() == 1 })
            // Renderers forget it, too, as soon as they are told.
            #expect(try await eventually { !heldByRenderers(file.path) })
        }

        private func heldByRenderers(_ path: String) -> Bool {
            Fixtures.renderers().contains { process in
                (0..<64).contains { Fixtures.target(ofLink: "/proc/\(process)/fd/\($0)") == path }
            }
        }

        @Test(
            "of this process in a renderer: its descriptors and environment are its own",
            .enabled(if: Fixtures.seesDescriptors, Fixtures.seesDescriptorsHint))
        func inheritance() async throws {
            setenv("COXSWAIN_TEST_SECRET", "kept", 1)
            let leak = dup(STDERR_FILENO)
            defer { close(leak) }
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let document = try await pool.open(TemporaryFile(smallPDF()))
            document.close()
            let process = try #require(pool.processIdentifiers.first)
            let open = (4..<256).filter { Fixtures.target(ofLink: "/proc/\(process)/fd/\($0)") != nil }
            // At most the document, until it is forgotten.
            #expect(open.count <= 1)
            #expect(Fixtures.target(ofLink: "/proc/\(process)/fd/0") == "/dev/null")
            let environment = try OpenFile("/proc/\(process)/environ")
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = read(environment.descriptor, &bytes, bytes.count)
            #expect(!String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).contains("SECRET"))
        }

        @Test("of a page that nobody waits for any more")
        func cancelled() async throws {
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let slow = try await pool.open(TemporaryFile(slowPDF(strokes: 5000)))
            let running = Task { try await pool.render(slow, page: 0, budget: PixelBudget()) }
            try await Task.sleep(for: .milliseconds(100))
            let queued = Task { try await pool.render(slow, page: 0, budget: PixelBudget()) }
            let early = Task { try await pool.render(slow, page: 0, budget: PixelBudget()) }
            early.cancel()
            try await Task.sleep(for: .milliseconds(50))
            let began = ContinuousClock.now
            queued.cancel()
            running.cancel()
            for task in [running, queued, early] {
                let error = await renderError { _ = try await task.value }
                #expect(error?.code == .cancelled)
            }
            let quick = try await pool.open(TemporaryFile(smallPDF()))
            _ = try await pool.render(quick, page: 0, budget: PixelBudget())
            #expect(ContinuousClock.now - began < .seconds(2))
        }

        @Test("of calls that wait when the pool is shut down: they end")
        func shutDown() async throws {
            let pool = Fixtures.pool()
            let slow = try await pool.open(TemporaryFile(slowPDF(strokes: 5000)))
            let tasks = (0..<3).map { _ in Task { try await pool.render(slow, page: 0, budget: PixelBudget()) } }
            try await Task.sleep(for: .milliseconds(50))
            pool.shutdown()
            for task in tasks {
                let error = await renderError { _ = try await task.value }
                #expect(error?.code == .closed)
            }
            let late = await renderError { _ = try await pool.render(slow, page: 0, budget: PixelBudget()) }
            #expect(late?.code == .closed)
            #expect(Fixtures.renderers().isEmpty)
        }

        @Test("of a renderer that has drawn its share of pages: another takes over")
        func recycled() async throws {
            let pool = Fixtures.pool { $0.pagesPerProcess = 3 }
            defer { pool.shutdown() }
            let document = try await pool.open(TemporaryFile(smallPDF()))
            for _ in 0..<9 {
                #expect(try await pool.render(document, page: 0, budget: PixelBudget(dpi: 72)).attempts == 1)
            }
            #expect(pool.statistics.started >= 3)
            #expect(pool.statistics.crashed == 0)
        }
    }
}
