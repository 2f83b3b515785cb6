import Intake
import TestSupport
import Testing

/// Documents that come otherwise than in a form.
struct DocumentReceiverTests {
    private let folder: TestFolder
    private let spool: Spool

    init() throws {
        folder = try TestFolder()
        spool = try Spool(stateDirectory: folder.path)
    }

    private func receive(_ content: String, chunk: Int, maximumBytes: Int = 1 << 20) throws -> Upload {
        let receiver = DocumentReceiver(spool: spool, maximumBytes: maximumBytes)
        var rest = Array(content.utf8)[...]
        while !rest.isEmpty {
            try Array(rest.prefix(chunk)).withUnsafeBytes { try receiver.take($0) }
            rest = rest.dropFirst(chunk)
        }
        return try receiver.finish(fileName: "../x.pdf")
    }

    @Test(arguments: [1, 1000, 1024, 5000, 1 << 20]) func aDocumentIsWhole(chunk: Int) throws {
        let content = "%PDF-" + String(repeating: "0123456789", count: 2000)
        let upload = try receive(content, chunk: chunk)
        #expect(upload.kind == .pdf && upload.bytes == content.utf8.count && upload.fileName == "../x.pdf")
        #expect(readAll(upload.file.descriptor) == content)
        #expect(upload.sha256 == "602bdb34396966281e474b461bab3ae8c1061b2aaf107e084fecdd34eba95e3f")
        #expect(folder.names(in: "spool") == [])
    }

    @Test func oneShorterThanWhatIsLookedAtIsJudgedAtItsEnd() throws {
        let upload = try receive("%PDF-1", chunk: 2)
        #expect(readAll(upload.file.descriptor) == "%PDF-1")
        #expect(throws: UploadError.unsupported) { try receive("hello", chunk: 2) }
        #expect(throws: UploadError.empty) { try receive("", chunk: 2) }
    }

    @Test func aLongOneIsRefusedAsSoonAsItShows() throws {
        let receiver = DocumentReceiver(spool: spool, maximumBytes: 1 << 20)
        let bytes = [UInt8](repeating: 0, count: 1023)
        try bytes.withUnsafeBytes { try receiver.take($0) }
        #expect(throws: UploadError.unsupported) { try bytes.withUnsafeBytes { try receiver.take($0) } }
    }

    @Test func sizeIsBounded() throws {
        let content = "%PDF-" + String(repeating: "x", count: 3000)
        #expect(throws: UploadError.tooLarge(limit: 3004)) { try receive(content, chunk: 100, maximumBytes: 3004) }
        #expect(try receive(content, chunk: 100, maximumBytes: 3005).bytes == 3005)
    }
}
