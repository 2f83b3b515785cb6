import Glibc
import RenderProtocol
import Rendering
import Testing

extension RenderingTests {
    @Suite("A renderer that is lost")
    struct LostRenderers {
        /// Waits until the pool's only renderer has a file open.
        private func victim(
            of pool: RendererPool, reading file: TemporaryFile, besides earlier: Int32? = nil
        ) async throws -> Int32 {
            while true {
                if let process = pool.processIdentifiers.first, process != earlier,
                    (4..<64).contains(where: { Fixtures.target(ofLink: "/proc/\(process)/fd/\($0)") == file.path })
                {
                    return process
                }
                try await Task.sleep(for: .milliseconds(5))
            }
        }

        @Test(
            "to kill -9 in the middle of a page costs no page",
            .enabled(if: Fixtures.seesDescriptors, Fixtures.seesDescriptorsHint))
        func killed() async throws {
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let file = try TemporaryFile(slowPDF(strokes: 60))
            let document = try await pool.open(file)
            async let rendered = pool.render(document, page: 0, budget: PixelBudget(dpi: 72))
            try await Task.sleep(for: .milliseconds(100))
            kill(try await victim(of: pool, reading: file), SIGKILL)
            let page = try await rendered
            #expect(page.attempts == 2)
            #expect(page.width == 600)
            #expect(pool.statistics.crashed == 1)
            #expect(pool.statistics.started == 2)
        }

        @Test(
            "twice over one page fails that page, and only that",
            .enabled(if: Fixtures.seesDescriptors, Fixtures.seesDescriptorsHint))
        func killedTwice() async throws {
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let file = try TemporaryFile(slowPDF(strokes: 200))
            let document = try await pool.open(file)
            let other = try await pool.open(TemporaryFile(smallPDF()))
            let task = Task { try await pool.render(document, page: 0, budget: PixelBudget(dpi: 72)) }
            var last: Int32?
            for _ in 0..<2 {
                let process = try await victim(of: pool, reading: file, besides: last)
                kill(process, SIGKILL)
                last = process
            }
            let error = await renderError { _ = try await task.value }
            #expect(error?.code == .crashed)
            #expect(error?.attempts == 2)
            #expect(error?.message.contains("signal 9") == true)
            #expect(try await pool.render(other, page: 0, budget: PixelBudget()).attempts == 1)
        }

        @Test(
            "while it had nothing to do is replaced unnoticed",
            .enabled(if: Fixtures.seesDescriptors, Fixtures.seesDescriptorsHint))
        func killedIdle() async throws {
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let file = try TemporaryFile(smallPDF())
            let document = try await pool.open(file)
            kill(try await victim(of: pool, reading: file), SIGKILL)
            while !pool.processIdentifiers.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            #expect(Fixtures.renderers().isEmpty)
            #expect(try await pool.render(document, page: 0, budget: PixelBudget()).attempts == 1)
        }

        @Test(
            "to a hang is killed at its deadline, and its page drawn by the next",
            .enabled(if: Fixtures.seesDescriptors, Fixtures.seesDescriptorsHint))
        func hung() async throws {
            let pool = Fixtures.pool { $0.pageDeadline = .seconds(1) }
            defer { pool.shutdown() }
            let file = try TemporaryFile(smallPDF())
            let document = try await pool.open(file)
            kill(try await victim(of: pool, reading: file), SIGSTOP)
            let began = ContinuousClock.now
            let page = try await pool.render(document, page: 0, budget: PixelBudget())
            #expect(page.attempts == 2)
            #expect(ContinuousClock.now - began >= .seconds(1))
            #expect(pool.statistics.timedOut == 1)
        }

        @Test("to a page that never ends fails that page in time")
        func endless() async throws {
            let pool = Fixtures.pool { $0.pageDeadline = .milliseconds(300) }
            defer { pool.shutdown() }
            let document = try await pool.open(TemporaryFile(slowPDF(strokes: 5000)))
            let began = ContinuousClock.now
            let error = await renderError { _ = try await pool.render(document, page: 0, budget: PixelBudget()) }
            #expect(error?.code == .timedOut)
            // Once, unless the machine was too busy to let the first have half of its time.
            #expect(error?.attempts == 1 || error?.attempts == 2)
            #expect(ContinuousClock.now - began < .seconds(5))
        }

        @Test("to the limit of its processor time, too")
        func processorTime() async throws {
            let pool = Fixtures.pool { $0.processorSeconds = 1 }
            defer { pool.shutdown() }
            let document = try await pool.open(TemporaryFile(slowPDF(strokes: 5000)))
            let error = await renderError { _ = try await pool.render(document, page: 0, budget: PixelBudget()) }
            #expect(error?.code == .timedOut)
            #expect(error?.attempts == 1, "the next would take as long")
        }

        @Test("to its memory limit says so, and the next page is drawn")
        func memory() async throws {
            let pool = Fixtures.pool { $0.addressSpaceLimit = 120 << 20 }
            defer { pool.shutdown() }
            let document = try await pool.open(OpenFile(Fixtures.book("en")))
            let large = PixelBudget(maxPixels: 60_000_000, dpi: 600)
            let error = await renderError { _ = try await pool.render(document, page: 3, budget: large) }
            #expect(error?.code == .outOfMemory)
            #expect(error?.attempts == 2)
            #expect(error?.message.contains("120 MiB") == true)
            #expect(pool.statistics.outOfMemory == 2)
            #expect(try await pool.render(document, page: 3, budget: PixelBudget(dpi: 100)).attempts == 1)
        }

        @Test("between the beginning of its answer and the end is no worse than any other that is lost")
        func cutShort() async throws {
            // Says that it is ready, as a renderer does, and then of its answer no more than that it has 100 bytes.
            let script = try Script(
                #"printf '\002\000\000\000\001\000' >&3; head -c 1 <&3 >/dev/null; printf '\144\000\000\000' >&3"#)
            let pool = Fixtures.pool { $0.executable = script.path }
            defer { pool.shutdown() }
            let file = try TemporaryFile(smallPDF())
            let error = await renderError { _ = try await pool.open(file) }
            #expect(error?.code == .crashed)
            #expect(error?.message.contains("the renderer died, exit status 0") == true, "\(String(describing: error))")
        }

        @Test("before it was ready, each time, is reported with its status")
        func neverStarts() async throws {
            for (executable, hint) in [
                ("/nonexistent/coxswain-render", "No such file"), ("/bin/false", "exit status 1"),
            ] {
                let pool = Fixtures.pool { $0.executable = executable }
                defer { pool.shutdown() }
                let file = try TemporaryFile(smallPDF())
                let error = await renderError { _ = try await pool.open(file) }
                #expect(error?.code == .unavailable)
                #expect(error?.message.contains(hint) == true, "\(String(describing: error))")
            }
        }
    }
}
