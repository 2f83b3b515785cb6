import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// Whatever clients do, nothing of them stays: no descriptor, no file, no process, no job.
    @Suite(.serialized) struct NothingIsLeft {
        private static func begin(answer: Double) throws -> Container {
            let container = try Container(
                settings: FingerprintEngine.services(answer: answer), environment: FingerprintEngine.environment)
            try container.waitUntilReady()
            // Whatever is made at the first use is there.
            #expect(try RawUpload(NumberedDocument(0, pages: 4).bytes, port: container.port).answered().status == 200)
            return container
        }

        private static func holdings(_ container: Container) -> Holdings {
            Holdings(below: container.supervisor, folders: ["\(container.folder.path)/output/.coxswain/spool"])
        }

        private static func expectNothingLeft(
            _ container: Container, since before: Holdings, sourceLocation: SourceLocation = #_sourceLocation
        ) {
            var leaked: String?
            let isClean = eventually(within: 30) {
                leaked = holdings(container).leaked(since: before)
                return leaked == nil
            }
            #expect(isClean, "\(leaked ?? "")", sourceLocation: sourceLocation)
            #expect(container.count("api failed") == 0, sourceLocation: sourceLocation)
        }

        @Test func ofClientsThatLeaveAtEveryStage() throws {
            let container = try Self.begin(answer: 0.3)
            let before = Self.holdings(container)
            let port = container.port
            for stage in RawUpload.Stage.allCases {
                for departure in RawUpload.Departure.allCases {
                    _ = Crowd.run(8) { number in
                        let upload = try RawUpload(NumberedDocument(number, pages: 3).bytes, port: port)
                        try upload.proceed(to: stage)
                        upload.leave(departure)
                    }
                }
            }
            Self.expectNothingLeft(container, since: before)
            // Whose clients have gone is not worked on: the next one finds nobody before it.
            #expect(try RawUpload(NumberedDocument(1, pages: 1).bytes, port: port).answered().status == 200)
        }

        @Test func ofAThousandConnectionsThatSayNothing() throws {
            let container = try Self.begin(answer: 0)
            let before = Self.holdings(container)
            let idle = try IdleConnections(1000, port: container.port)
            #expect(try RawUpload(NumberedDocument(2, pages: 2).bytes, port: container.port).answered().status == 200)
            #expect(try container.get("/readyz").status == 200)
            idle.close()
            Self.expectNothingLeft(container, since: before)
        }

        @Test func ofSlowUploads() throws {
            let container = try Self.begin(answer: 0)
            let before = Self.holdings(container)
            let port = container.port
            let answers = Crowd.run(20) { number in
                let upload = try RawUpload(NumberedDocument(number, pages: 1).bytes, port: port)
                try upload.proceed(to: .request, piece: 100, pause: 0.02)
                return try upload.answer().status
            }
            #expect(answers.allSatisfy { (try? $0.get()) == 200 }, "\(answers)")
            Self.expectNothingLeft(container, since: before)
        }

        @Test func ofTwoHundredDocumentsAtOnce() throws {
            let container = try Self.begin(answer: 0.05)
            let before = Self.holdings(container)
            let port = container.port
            let answers = Crowd.run(200) { number in
                let document = NumberedDocument(number, pages: 2)
                return try RawUpload(document.bytes, port: port, timeout: 120).answered().status
            }
            #expect(answers.allSatisfy { (try? $0.get()) == 200 }, "\(answers)")
            Self.expectNothingLeft(container, since: before)
            #expect(container.folder.names(in: "output").count { $0.hasSuffix(".json") } == 201)
        }
    }
}

extension RawUpload {
    /// Sends all of it and reads the answer.
    fileprivate func answered() throws -> ConnectionStorm.Answer {
        try proceed(to: .request)
        return try answer()
    }
}
