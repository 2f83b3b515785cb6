import API
import Foundation
import TestSupport
import Testing

/// What is compressed, and what never is.
@Suite(.serialized, .timeLimit(.minutes(2))) struct CompressionTests {
    /// The header and the bytes of an answer.
    private struct Raw {
        var head: String
        var body: [UInt8]

        init(_ bytes: [UInt8]) throws {
            let end = try #require(bytes.firstRange(of: Array("\r\n\r\n".utf8)))
            head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).lowercased()
            body = Array(bytes[end.upperBound...])
            if head.contains("transfer-encoding: chunked") { body = try HTTPExchange.joinedChunks(body) }
        }

        /// What gzip(1) makes of it.
        func unzipped() throws -> String {
            let folder = try TestFolder()
            let path = "\(folder.path)/answer.gz"
            try Data(body).write(to: URL(fileURLWithPath: path))
            let result = try Shell.run("gzip", ["-dc", path])
            #expect(result.status == 0, "\(result.errors)")
            return result.output
        }
    }

    private static func get(_ api: RunningAPI, _ path: String, _ fields: String = "") async throws -> Raw {
        try Raw(
            await api.raw(Array("GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(fields)\r\n".utf8)))
    }

    /// The path of a finished job whose pages have so much text.
    private static func finished(_ api: RunningAPI, pages: Int) async throws -> String {
        let accepted = try await api.post(Documents.pdf(pages: pages), to: "/jobs")
        let path = try #require(accepted.headers["location"])
        #expect(try await soon { try await api.request("GET", path).body.contains(#""status":"success""#) })
        return path
    }

    @Test func aLargeResultIsCompressedForWhoTakesIt() async throws {
        let engine = StandInEngine { number in
            .text((0..<4000).map { "word\($0 * number) " }.joined())
        }
        try await RunningAPI.serving(engine: engine) { api async throws in
            let job = try await Self.finished(api, pages: 5)
            for path in ["\(job)/result", "\(job)/result?format=markdown"] {
                let plain = try await Self.get(api, path)
                #expect(!plain.head.contains("content-encoding") && plain.head.contains("vary: accept-encoding"))
                let zipped = try await Self.get(api, path, "Accept-Encoding: br, gzip\r\n")
                #expect(zipped.head.contains("content-encoding: gzip"))
                #expect(zipped.head.contains("vary: accept-encoding") && !zipped.head.contains("content-length"))
                #expect(zipped.body.count < plain.body.count / 2, "\(zipped.body.count) of \(plain.body.count)")
                #expect(try zipped.unzipped() == String(decoding: plain.body, as: UTF8.self))
                let refused = try await Self.get(api, path, "Accept-Encoding: gzip;q=0, *\r\n")
                #expect(refused.body == plain.body)
            }
            // The job's events, however many.
            let events = try await Self.get(api, "\(job)/events", "Accept-Encoding: gzip\r\n")
            #expect(events.head.contains("text/event-stream") && !events.head.contains("content-encoding"))
            #expect(events.body.count > 50_000 && String(decoding: events.body, as: UTF8.self).contains("event: end"))
        }
    }

    @Test func aShortAnswerIsSentAsItIs() async throws {
        try await RunningAPI.serving { api async throws in
            let job = try await Self.finished(api, pages: 1)
            for path in ["/livez", "/", "/health", job, "\(job)/result", "/nowhere"] {
                let answer = try await Self.get(api, path, "Accept-Encoding: gzip\r\n")
                #expect(!answer.head.contains("content-encoding"), "\(path)")
                #expect(answer.head.contains("content-length: \(answer.body.count)"), "\(path): \(answer.head)")
                #expect(answer.head.contains("vary: accept-encoding") || path == "/livez", "\(path): \(answer.head)")
            }
        }
    }
}
