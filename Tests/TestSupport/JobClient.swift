import Foundation

/// What a client does with jobs that must come to an end, whatever dies meanwhile.
package struct JobClient: Sendable {
    package struct Job: Decodable, Sendable {
        package var id: String
        package var status: String
        package var detail: String?
        package var pages_done: Int
        package var pages_failed: Int
        package var pages_total: Int?

        package var isFinished: Bool { status != "queued" && status != "running" }
    }

    package struct Result: Decodable, Sendable {
        package struct Page: Decodable, Sendable {
            package var number: Int
            package var outcome: String
            package var reason: String?
            package var text: String
        }
        package var id: String
        package var status: String
        package var pages: [Page]
    }

    package struct Refused: Error, CustomStringConvertible {
        package var description: String
    }

    private let port: UInt16

    package init(port: UInt16) { self.port = port }

    /// Sends a document again and again until it is taken; its key keeps it one job. nil when that takes too long.
    package func submit(_ document: [UInt8], key: String, within seconds: Double = 60) throws -> Job {
        let boundary = "coxswain-boundary"
        let form =
            Array(
                "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(key).pdf\"\r\n\r\n".utf8)
            + document + Array("\r\n--\(boundary)--\r\n".utf8)
        let head =
            "POST /jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nIdempotency-Key: \(key)\r\n"
            + "Content-Type: multipart/form-data; boundary=\(boundary)\r\nContent-Length: \(form.count)\r\n\r\n"
        return try persistently(seconds) {
            let connection = try HTTPExchange.Connection(port: port, timeout: 20)
            try connection.send(Array(head.utf8) + form)
            return try connection.answer()
        } accepts: {
            $0.status == 202
        }
    }

    package func job(_ id: String, within seconds: Double = 60) throws -> Job {
        try persistently(seconds) {
            try HTTPExchange.get("/jobs/\(id)", port: port, timeout: 20)
        } accepts: {
            $0.status == 200
        }
    }

    /// The result of a job that is finished, or will be in time.
    package func result(of id: String, within seconds: Double = 60) throws -> Result {
        try persistently(seconds) {
            try HTTPExchange.get("/jobs/\(id)/result", port: port, timeout: 30)
        } accepts: {
            [200, 502].contains($0.status)
        }
    }

    private func persistently<Value: Decodable>(
        _ seconds: Double, _ ask: () throws -> HTTPExchange, accepts: (HTTPExchange) -> Bool
    ) throws -> Value {
        var last = "no answer"
        let end = Date().addingTimeInterval(seconds)
        repeat {
            do {
                let answer = try ask()
                if accepts(answer) { return try JSONDecoder().decode(Value.self, from: Data(answer.body.utf8)) }
                last = "\(answer.status) \(answer.body)"
            } catch let failure as HTTPExchange.Failure {
                last = "\(failure)"
            }
            usleep(50_000)
        } while Date() < end
        throw Refused(description: last)
    }
}
