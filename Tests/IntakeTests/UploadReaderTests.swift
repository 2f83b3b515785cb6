import Glibc
import Intake
import NIOCore
import TestSupport
import Testing

@Suite struct UploadReaderTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    /// Reads a form of chunks of the given size.
    private func read(
        _ body: String, chunk: Int = 7, maximumBytes: Int = 1 << 20, usesTemporaryFlag: Bool = true
    ) async throws -> Upload {
        let spool = try Spool(stateDirectory: folder.path, usesTemporaryFlag: usesTemporaryFlag)
        let reader = UploadReader(spool: spool, maximumBytes: maximumBytes)
        let form = try reader.admit(contentType: "multipart/form-data; boundary=XX", contentLength: nil)
        let (stream, continuation) = AsyncStream<ByteBuffer>.makeStream()
        var rest = Array(body.utf8)[...]
        while !rest.isEmpty {
            continuation.yield(ByteBuffer(bytes: rest.prefix(chunk)))
            rest = rest.dropFirst(chunk)
        }
        continuation.finish()
        return try await reader.read(stream, form: form)
    }

    private func form(_ content: String, name: String = "file", fileName: String = "a.pdf") -> String {
        "--XX\r\nContent-Disposition: form-data; name=\"\(name)\"; filename=\"\(fileName)\"\r\n\r\n\(content)\r\n--XX--\r\n"
    }

    @Test(arguments: [true, false])
    func spoolsTheDocumentWithoutAName(usesTemporaryFlag: Bool) async throws {
        let content = "%PDF-1.7\n" + String(repeating: "0123456789abcdef", count: 50_000)
        let upload = try await read(form(content), chunk: 65_536, usesTemporaryFlag: usesTemporaryFlag)
        #expect(upload.kind == .pdf)
        #expect(upload.fileName == "a.pdf")
        #expect(upload.bytes == content.utf8.count)
        #expect(readAll(upload.file.descriptor) == content)
        // Without the flag it has a hidden name until it is given another, or goes.
        #expect(folder.names(in: "spool").count == (usesTemporaryFlag ? 0 : 1))
        #expect(folder.names(in: "spool").allSatisfy { $0.hasPrefix(".") })
    }

    @Test(arguments: [true, false])
    func isGivenAName(usesTemporaryFlag: Bool) async throws {
        var upload: Upload? = try await read(form("%PDF-1"), usesTemporaryFlag: usesTemporaryFlag)
        try await upload?.file.publish(as: "name")
        #expect(folder.names(in: "spool") == ["name"])
        upload = nil
        try await Task.sleep(for: .milliseconds(20))
        #expect(folder.content(of: "spool/name") == "%PDF-1")
        #expect(folder.mode(of: "spool/name") == 0o600)
    }

    @Test(arguments: [true, false])
    func aNameIsNeverTakenFromAnotherFile(usesTemporaryFlag: Bool) async throws {
        let upload = try await read(form("%PDF-1"), usesTemporaryFlag: usesTemporaryFlag)
        try folder.write("spool/name", "mine")
        let taken = FileFailure(action: "name a file", folder: "\(folder.path)/spool", code: EEXIST)
        await #expect(throws: taken) { try await upload.file.publish(as: "name") }
        #expect(folder.content(of: "spool/name") == "mine")
        for name in ["", ".", "..", "../name", "a/b"] {
            await #expect(throws: FileFailure.self) { try await upload.file.publish(as: name) }
        }
        try await upload.file.publish(as: "other")
        #expect(folder.content(of: "spool/other") == "%PDF-1")
    }

    @Test(arguments: [1, 7, 300_000])
    func computesItsDigest(chunk: Int) async throws {
        #expect(
            try await read(form("%PDF-1"), chunk: chunk).sha256
                == "21af8e71c8703196df7fe1ff901869a88fe64c07bbaa83d838efb45a52b4f303")
        let long = "%PDF-" + String(repeating: "x", count: 600_000)
        #expect(
            try await read(form(long), chunk: max(chunk, 4096)).sha256
                == "586c0063411832eef05f2b8946649b534296619aa4951fb24286d21b4c23fb1a")
    }

    private func field(_ name: String, _ text: String) -> String {
        "--XX\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(text)\r\n"
    }

    @Test func takesOtherFields() async throws {
        let before = field("pages", "1-5,8") + field("prompt", "") + field("pages", "second")
        let after = "\r\n" + field("name", "Ünïcode\r\n--X") + "--XX--"
        for chunk in [1, 5, 100_000] {
            let body = before + form("%PDF-1").replacing("\r\n--XX--", with: after)
            let upload = try await read(body, chunk: chunk)
            #expect(upload.fields == ["pages": "1-5,8", "prompt": "", "name": "Ünïcode\r\n--X"])
            #expect(upload.unreadFields == [])
            #expect(readAll(upload.file.descriptor) == "%PDF-1")
        }
    }

    @Test func saysWhichFieldsItDidNotTake() async throws {
        let limit = String(repeating: "x", count: 4096)
        let file = "--XX\r\nContent-Disposition: form-data; name=other; filename=o\r\n\r\nnot text\r\n"
        let upload = try await read(
            field("long", limit + "x") + field("full", limit) + file + field("long", "again") + form("%PDF-1"),
            chunk: 99)
        #expect(upload.fields == ["full": limit])
        #expect(upload.unreadFields == ["long"])
        let many = (1...20).map { field("f\($0)", "\($0)") }.joined()
        let crowded = try await read(many + form("%PDF-1"), chunk: 999)
        #expect(crowded.fields.count == 16)
        #expect(crowded.unreadFields == ["f17", "f18", "f19", "f20"])
    }

    @Test func takesTheFirstFieldOfThatName() async throws {
        let first = "--XX\r\nContent-Disposition: form-data; name=note\r\n\r\nignored\r\n"
        let second = "--XX\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n%PDF-one\r\n"
        let upload = try await read(first + second + form("%PDF-two", fileName: "a"))
        #expect(readAll(upload.file.descriptor) == "%PDF-one")
    }

    @Test func refusesWhatCannotBeADocument() async throws {
        await #expect(throws: UploadError.empty) { try await read(form("")) }
        await #expect(throws: UploadError.unsupported) { try await read(form("hello")) }
        await #expect(throws: UploadError.unsupported) {
            try await read(form(String(repeating: "\0", count: 500_000)), chunk: 4096)
        }
        await #expect(throws: UploadError.noField("file")) { try await read(form("%PDF-", name: "document")) }
        await #expect(throws: UploadError.noBody) { try await read("") }
        await #expect(throws: UploadError.form(.endedEarly)) { try await read(String(form("%PDF-1").dropLast(12))) }
    }

    @Test func aFormMayDoWithoutADocument() async throws {
        func read(_ body: String) async throws -> UploadForm {
            let reader = UploadReader(spool: try Spool(stateDirectory: folder.path), maximumBytes: 1 << 20)
            let form = try reader.admit(contentType: "multipart/form-data; boundary=XX", contentLength: nil)
            let (stream, continuation) = AsyncStream<ByteBuffer>.makeStream()
            continuation.yield(ByteBuffer(string: body))
            continuation.finish()
            return try await reader.readForm(stream, form: form)
        }
        let bare = try await read(field("url", "http://example.com/") + "--XX--")
        #expect(bare.document == nil && bare.fields == ["url": "http://example.com/"])
        let both = try await read(field("url", "x") + form("%PDF-1"))
        #expect(try both.document?.get().bytes == 6 && both.fields == ["url": "x"])
        // What a browser sends for a file that nobody chose.
        let unchosen = try await read(field("url", "x") + form("", fileName: ""))
        #expect(throws: UploadError.empty) { try unchosen.document?.get() }
        let unsupported = try await read(field("url", "x") + form("hello"))
        #expect(throws: UploadError.unsupported) { try unsupported.document?.get() }
    }

    @Test func refusesWhatIsTooLarge() async throws {
        let content = "%PDF-" + String(repeating: "x", count: 1000)
        await #expect(throws: UploadError.tooLarge(limit: 1000)) { try await read(form(content), maximumBytes: 1000) }
        _ = try await read(form(content), maximumBytes: 1005)
        // Something that is no document counts too.
        await #expect(throws: UploadError.tooLarge(limit: 1000)) {
            try await read(form(String(repeating: "x", count: 1001)), maximumBytes: 1000)
        }
    }

    @Test func judgesByTheHeadAlone() throws {
        let reader = UploadReader(spool: try Spool(stateDirectory: folder.path), maximumBytes: 1000)
        let type = "multipart/form-data; boundary=XX"
        _ = try reader.admit(contentType: type, contentLength: 1000)
        #expect(throws: UploadError.tooLarge(limit: 1000)) {
            try reader.admit(contentType: type, contentLength: 1 << 30)
        }
        #expect(throws: UploadError.noBody) { try reader.admit(contentType: type, contentLength: 0) }
        #expect(throws: UploadError.form(.notMultipart)) { try reader.admit(contentType: nil, contentLength: 5) }
    }

    @Test func closesItsFileWithTheLastReference() async throws {
        var upload: Upload? = try await read(form("%PDF-1"))
        let path = "/proc/self/fd/\(try #require(upload?.file.descriptor))"
        #expect(link(at: path)?.contains(folder.path) == true)
        upload = nil
        // What read it may let go of it a moment later, on a thread of its own.
        for _ in 0..<1000 where link(at: path)?.contains(folder.path) == true {
            try await Task.sleep(for: .milliseconds(5))
        }
        // Another test may have the number by now, but not the file.
        #expect(link(at: path)?.contains(folder.path) != true)
    }

    @Test func makesItsFolderForItselfOnly() throws {
        _ = try Spool(stateDirectory: "\(folder.path)/output/state")
        #expect((folder.mode(of: "output") ?? 0) & 0o500 == 0o500)
        #expect(folder.mode(of: "output/state") == 0o700)
        #expect(folder.mode(of: "output/state/spool") == 0o700)
    }

    private func link(at path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = readlink(path, &buffer, buffer.count)
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }
}
