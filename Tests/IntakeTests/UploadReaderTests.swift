import Glibc
import Intake
import NIOCore
import Testing

@Suite struct UploadReaderTests {
    private let folder = TemporaryFolder()

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
        #expect(folder.names(in: "spool") == [])
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
