import RenderProtocol
import Rendering
import Testing

extension RenderingTests {
    @Suite("Documents that are made to hurt")
    struct HostileDocuments {
        @Test("by their pixels", arguments: HostileDocument.pixels)
        func pixels(_ hostile: HostileDocument) async throws { try await endure(hostile) }

        @Test("by their pages", arguments: HostileDocument.pages)
        func pages(_ hostile: HostileDocument) async throws { try await endure(hostile) }

        @Test("by their streams", arguments: HostileDocument.streams)
        func streams(_ hostile: HostileDocument) async throws { try await endure(hostile) }

        @Test("by nesting", arguments: HostileDocument.nesting)
        func nesting(_ hostile: HostileDocument) async throws { try await endure(hostile) }

        @Test("by their structure, or by what they ask to be opened", arguments: HostileDocument.structure)
        func structure(_ hostile: HostileDocument) async throws { try await endure(hostile) }

        @Test("as pictures", arguments: HostileDocument.pictures)
        func pictures(_ hostile: HostileDocument) async throws { try await endure(hostile) }

        /// Each ends in a page or a clear error, inside its limits of time, memory and pixels, and never in a crash.
        private func endure(_ hostile: HostileDocument) async throws {
            let deadline = Duration.seconds(4)
            let pool = Fixtures.pool {
                $0.openDeadline = deadline
                $0.pageDeadline = deadline
            }
            defer { pool.shutdown() }
            let peak = PeakMemory()
            let watch = Task { await peak.watch(pool) }
            defer { watch.cancel() }
            let file = try TemporaryFile(hostile.make())
            let budget = PixelBudget()

            let began = ContinuousClock.now
            var drawn: EncodedPage?
            let error = await renderError {
                let document = try await pool.open(file)
                drawn = try await pool.render(document, page: 0, budget: budget)
            }
            // Opened, drawn, and both once more in a fresh renderer, which has to start.
            #expect(ContinuousClock.now - began < deadline * 5)

            switch hostile.end {
            case .page: #expect(error == nil)
            case .refusal: #expect(drawn == nil)
            case .either: break
            }
            if let drawn {
                #expect(drawn.width * drawn.height <= budget.maxPixels)
                #expect(drawn.attempts == 1)
            } else {
                let clear: [RenderError.Code] = [.notADocument, .damaged, .tooLarge, .outOfMemory, .timedOut]
                #expect(error.map { clear.contains($0.code) } == true, "\(String(describing: error))")
            }
            #expect(peak.highest <= 1 << 20, "\(peak.highest) KiB resident")

            // Whatever happened to renderers, the next document is drawn.
            let next = try await pool.open(TemporaryFile(smallPDF()))
            #expect(try await pool.render(next, page: 0, budget: PixelBudget(dpi: 72)).width == 200)
        }
    }
}
