import Synchronization
import TesseractEngine
import Testing

/// One pool for all of them: loading the languages takes longer than reading a line.
@Suite(.serialized, .timeLimit(.minutes(2))) struct RecogniserPoolTests {
    private static let pool = Result { () throws(RecogniserUnavailable) in
        try RecogniserPool(languages: ["eng", "rus"], count: 1)
    }
    private static let line = "debian/changelog file records the Debian package history"

    private func problem(_ bytes: [UInt8]) async throws -> ProblemReport? {
        let pool = try Self.pool.get()
        do throws(ProblemReport) {
            _ = try await pool.recognise(bytes)
            return nil
        } catch { return error }
    }

    @Test(arguments: ["-png", "-jpeg"])
    func readsALine(_ format: String) async throws {
        let answer = try await Self.pool.get().recognise(try BookPage(language: "en", number: 51).snippet(format))
        #expect(answer.recognition.text.contains(Self.line))
        #expect(
            [answer.recognition.width, answer.recognition.height, answer.recognition.resolution] == [1800, 200, 300])
    }

    @Test func nothingOfAPageIsLeftForTheNext() async throws {
        let pool = try Self.pool.get()
        let picture = try BookPage(language: "en", number: 51).snippet()
        let first = try await pool.recognise(picture).recognition.text
        _ = try await pool.recognise(try BookPage(language: "ru", number: 15).snippet())
        #expect(try await pool.recognise(picture).recognition.text == first)
    }

    @Test func progressIsToldWhenTheWorkBeginsAndWithEachLine() async throws {
        let pool = try Self.pool.get()
        let moves = Mutex(0)
        let page = try BookPage(language: "en", number: 51).snippet(height: 900)
        let text = try await pool.recognise(page) { moves.withLock { $0 += 1 } }.recognition.text
        let lines = text.split(separator: "\n").count
        #expect(lines > 5 && moves.withLock { $0 } >= lines)
        // Never for what does not begin.
        let before = moves.withLock { $0 }
        let damaged = Array(try BookPage(language: "en", number: 51).snippet().prefix(60))
        await #expect(throws: ProblemReport.self) {
            try await pool.recognise(damaged) { moves.withLock { $0 += 1 } }
        }
        #expect(moves.withLock { $0 } == before)
    }

    @Test func whitePictureIsRead() async throws {
        let answer = try await Self.pool.get().recognise(WhitePicture.bytes)
        let text = answer.recognition.text
        #expect(text.split { $0.isWhitespace }.isEmpty)
        #expect(answer.recognition.width == 32)
    }

    @Test func whatIsNoPictureIsRefused() async throws {
        for bytes in [[], [UInt8](repeating: 0, count: 1000), Array("%PDF-1.7 and so on, for a good while".utf8)] {
            let problem = try await problem(bytes)
            #expect(problem?.status == 400)
            #expect(problem?.code == "invalid_image")
        }
    }

    @Test func damagedPictureIsRefused() async throws {
        let picture = try BookPage(language: "en", number: 51).snippet()
        for length in [24, 40, 60, picture.count / 2] {
            let problem = try await problem(Array(picture.prefix(length)))
            #expect(problem?.code == "invalid_image")
        }
        // After all that the recogniser is as good as new.
        #expect(try await Self.pool.get().recognise(picture).recognition.text.contains(Self.line))
    }

    @Test func smallFileThatDemandsGigabytesIsRefusedUnread() async throws {
        var picture = try BookPage(language: "en", number: 51).snippet()
        // Width and height, big-endian, follow the signature and the chunk's length and name.
        picture.replaceSubrange(16..<24, with: [0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30])
        let problem = try await problem(picture)
        #expect(problem?.code == "image_too_large")
        #expect(problem?.message.contains("30000×30000") ?? false)
    }

    @Test func cancelledRequestLeavesTheQueueOrTheRecogniser() async throws {
        let pool = try Self.pool.get()
        let page = try BookPage(language: "en", number: 41).picture()
        let tasks = (0..<4).map { _ in Task { try await pool.recognise(page) } }
        while pool.load != (3, 1) { try await Task.sleep(for: .milliseconds(5)) }
        let start = ContinuousClock.now
        for task in tasks.reversed() { task.cancel() }
        for task in tasks {
            let problem = await #expect(throws: ProblemReport.self) { try await task.value }
            #expect(problem?.code == "cancelled")
        }
        #expect(pool.load == (0, 0))
        // Reading all four takes far longer, on a busy machine too; what cannot be stopped is the search for lines.
        #expect(.now - start < .seconds(8))
    }

    @Test func missingLanguageSaysWhatToInstall() {
        for languages in [["eng", "xxx_yyy"], ["xxx_yyy", "eng"], ["xxx_yyy"]] {
            let error = #expect(throws: RecogniserUnavailable.self) {
                try RecogniserPool(languages: languages, count: 2)
            }
            #expect(error?.message.contains("tesseract-ocr-xxx-yyy") ?? false)
            #expect(error?.message.contains("xxx_yyy.traineddata") ?? false)
            #expect(!(error?.message.contains("eng.traineddata") ?? true))
        }
    }

    @Test func closedPoolTakesNothing() async throws {
        let pool = try RecogniserPool(languages: ["eng"], count: 1)
        let page = try BookPage(language: "en", number: 41).picture()
        let tasks = (0..<2).map { _ in Task { try await pool.recognise(page) } }
        while pool.load != (1, 1) { try await Task.sleep(for: .milliseconds(5)) }
        pool.close()
        for task in tasks {
            let problem = await #expect(throws: ProblemReport.self) { try await task.value }
            #expect(problem?.status == 503)
        }
        let problem = await #expect(throws: ProblemReport.self) { try await pool.recognise(page) }
        #expect(problem?.code == "stopping")
    }
}
