import Glibc
import RenderProtocol
import Rendering
import Testing

extension RenderingTests {
    @Suite("Documents that are none")
    struct RefusedDocuments {
        private func refusal(of bytes: [UInt8], password: String? = nil, by pool: RendererPool) async throws
            -> RenderError?
        {
            let file = try TemporaryFile(bytes)
            return await renderError { _ = try await pool.open(file, password: password) }
        }

        @Test("are told apart, and cost no renderer")
        func refused() async throws {
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            var generator = SystemRandomNumberGenerator()
            let noise = (0..<100_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let cases: [(String, [UInt8], RenderError.Code)] = [
                ("empty", [], .notADocument),
                ("one byte", [0x25], .notADocument),
                ("zeros", [UInt8](repeating: 0, count: 1_000_000), .notADocument),
                ("text", Array("Dear Sir or Madam, no PDF is attached.".utf8), .notADocument),
                ("a header and noise", Array("%PDF-1.7\n".utf8) + noise, .damaged),
                ("a header alone", Array("%PDF-1.7\n".utf8), .damaged),
                ("a JPEG's first bytes and noise", [0xFF, 0xD8, 0xFF, 0xE0] + noise, .damaged),
                ("a PNG's signature alone", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], .damaged),
                ("a TIFF whose directories form a ring", [0x49, 0x49, 42, 0, 8, 0, 0, 0, 0, 0, 8, 0, 0, 0], .damaged),
                ("a TIFF that points beyond itself", [0x4D, 0x4D, 0, 42, 0xFF, 0xFF, 0xFF, 0xFF], .damaged),
            ]
            for (name, bytes, code) in cases {
                let error = try await refusal(of: bytes, by: pool)
                #expect(error?.code == code, "\(name): \(String(describing: error))")
                #expect(error?.isSendersFault == true)
            }
            #expect(pool.statistics.started == 1)
        }

        @Test(
            "that were cut off are refused", arguments: [0.01, 0.3, 0.7, 0.97])
        func truncated(part: Double) async throws {
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let bytes = try OpenFile(Fixtures.book("en")).bytes
            let cut = Array(bytes.prefix(Int(Double(bytes.count) * part)))
            let error = try await refusal(of: cut, by: pool)
            #expect(error?.code == .damaged)
            #expect(pool.statistics.started == 1)
        }

        @Test("for want of a password open with it")
        func encrypted() async throws {
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            // Standard security handler, revision 2, 40 bits, user password "oars".
            let trailer = """
                /Encrypt<</Filter/Standard/V 1/R 2/P -4\
                /O<000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f>\
                /U<04b4a692eed13d619a1b70a08ff333cba96a1789110942058a81bbb502093cba>>>\
                /ID[<30313233343536373839616263646566><30313233343536373839616263646566>]
                """
            let bytes = Array(smallPDF(trailer: trailer).utf8)
            for password in [nil, "", "rudder", "a\0b", String(repeating: "x", count: 5000)] {
                let error = try await refusal(of: bytes, password: password, by: pool)
                #expect(error?.code == .encrypted)
            }
            let document = try await pool.open(TemporaryFile(bytes), password: "oars")
            #expect(document.pages.count == 1)
            #expect(try await pool.render(document, page: 0, budget: PixelBudget(dpi: 72)).width == 200)
        }

        @Test("because they are pipes or cannot be read are our fault")
        func notFiles() async throws {
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let device = try OpenFile("/dev/zero")
            let error = await renderError { _ = try await pool.open(device) }
            #expect(error?.code == .internal)
            let closed = await renderError { _ = try await pool.open(-1) }
            #expect(closed?.code == .internal)
        }

        @Test("of pages that refer to themselves do not hold a renderer")
        func loops() async throws {
            let pool = Fixtures.pool { $0.pageDeadline = .seconds(5) }
            defer { pool.shutdown() }
            let ring = """
                %PDF-1.4
                1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
                2 0 obj<</Type/Pages/Kids[2 0 R 2 0 R]/Count 100000000>>endobj
                trailer<</Root 1 0 R/Size 3>>
                """
            let error = try await refusal(of: Array(ring.utf8), by: pool)
            #expect(error?.code == .damaged || error?.code == .tooLarge, "\(String(describing: error))")
        }
    }
}
