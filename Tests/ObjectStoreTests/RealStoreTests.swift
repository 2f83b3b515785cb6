import Downloads
import Foundation
import ObjectStore
import StoreSettings
import TestSupport
import Testing
import WebCalls

/// Uploads to a real S3 server, which checks signatures and digests.
@Suite(
    .serialized, .timeLimit(.minutes(2)),
    .enabled(if: S3Server.isMissing == nil, "a real S3 server cannot be started here: \(S3Server.isMissing ?? "")"))
struct RealStoreTests {
    private let server: S3Server
    private let settings: ObjectStoreSettings

    init() throws {
        server = try S3Server.shared.get()
        settings = try ObjectStoreSettings(environment: server.environment)
    }

    private func with(_ changes: [String: String]) throws -> ObjectStoreSettings {
        try ObjectStoreSettings(environment: server.environment.merging(changes) { $1 })
    }

    /// S3 takes no smaller part than 5 MiB but the last.
    private var options: ObjectStoreOptions {
        var options = Putting.options
        options.partBytes = 5 << 20
        options.stallSeconds = 20
        return options
    }

    @Test(arguments: [
        "empty", "a b", "Документ №1 и ё.md", "a+b", "100%", "a%20b", "a&b=c?d#e", "~'()*!$@;:,[]", "x/ y /.z",
    ])
    func anyNameHoldsAnyBytes(_ name: String) throws {
        let store = ObjectStore(settings, options: options)
        for bytes in [[], Putting.bytes(1000)] {
            #expect(try Putting.put(bytes, store, to: "s3://bucket/names/\(name)") == nil)
            let fetched = try Putting.fetched("s3://bucket/names/\(name)", settings)
            #expect(fetched.bytes == Int64(bytes.count) && fetched.sha256 == Putting.sha256(bytes))
        }
        let listed = try Downloader().list(
            settings.bucket("bucket"), prefix: "names/\(name)", signing: settings.signing)
        #expect(listed.contains { $0.key == "names/\(name)" })
    }

    @Test func severalParts() throws {
        let bytes = Putting.bytes(5_000_000)
        #expect(try Putting.put(bytes, ObjectStore(settings), to: "s3://bucket/5 MB") == nil)
        #expect(try Putting.fetched("s3://bucket/5 MB", settings).sha256 == Putting.sha256(bytes))
        let more = Putting.bytes(12_000_000)
        #expect(try Putting.put(more, ObjectStore(settings, options: options), to: "s3://bucket/части + %") == nil)
        #expect(try Putting.fetched("s3://bucket/части + %", settings).sha256 == Putting.sha256(more))
    }

    /// The memory that this process has at most while 300 MB go there and back.
    @Test func muchTakesNoMemory() throws {
        let folder = try TestFolder()
        let path = "\(folder.path)/large"
        let block = Putting.bytes(1 << 20)
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        let file = try #require(FileHandle(forWritingAtPath: path))
        let whole = Hash()
        for number in 0..<300 {
            // No two blocks are the same.
            var piece = block
            withUnsafeBytes(of: number) { piece.replaceSubrange(0..<8, with: $0) }
            piece.removeLast(number == 299 ? 12_345 : 0)
            try file.write(contentsOf: piece)
            whole.update(piece)
        }
        try file.close()
        let bytes = 300 * (1 << 20) - 12_345
        let before = Memory.resetPeak()
        #expect(try Putting.put(path, bytes, ObjectStore(settings), to: "s3://bucket/large") == nil)
        let after = Memory.peak()
        let fetched = try Putting.fetched("s3://bucket/large", settings)
        #expect(fetched.bytes == Int64(bytes) && fetched.sha256 == whole.finish())
        #expect(after - before < 32 << 20, "\((after - before) >> 20) MiB more than the \(before >> 20) before")
    }

    @Test func addressesWithTheBucketInTheHost() throws {
        let settings = try with([
            "AWS_ENDPOINT_URL_S3": "http://localhost:\(server.port)", "COXSWAIN_S3_PATH_STYLE": "false",
            // It means nothing there, and has to be signed as all else.
            "AWS_SESSION_TOKEN": "a+token/with=signs",
        ])
        #expect(settings.host(of: "bucket") == "bucket.localhost:\(server.port)")
        let bytes = Putting.bytes(6_000_000)
        #expect(try Putting.put(bytes, ObjectStore(settings, options: options), to: "s3://bucket/in the host") == nil)
        #expect(try Putting.fetched("s3://bucket/in the host", self.settings).sha256 == Putting.sha256(bytes))
    }

    @Test(arguments: [1000, 6_000_000]) func whoMayNotIsTold(_ count: Int) throws {
        let bytes = Putting.bytes(count)
        for (changes, words) in [
            (["AWS_SECRET_ACCESS_KEY": "guessed"], "keys"), (["AWS_ACCESS_KEY_ID": "nobody:none"], "keys"),
            (["AWS_REGION": "eu-west-1"], "region"),
        ] {
            let error = try Putting.put(bytes, ObjectStore(with(changes), options: options), to: "s3://bucket/x")
            #expect(error?.mayPass == false && error?.message.contains(words) == true, "\(String(describing: error))")
        }
        let missing = try Putting.put(bytes, ObjectStore(settings, options: options), to: "s3://missing/x")
        #expect(missing?.mayPass == false && missing?.message.contains("no such bucket") == true)
        #expect(missing?.place == "missing")
        #expect(throws: DownloadError.self) { try Putting.fetched("s3://bucket/x", settings) }
    }

    @Test(arguments: [200_000, 6_000_000]) func bytesThatAreAlteredOnTheWay(_ count: Int) throws {
        let bytes = Putting.bytes(count)
        let (key, sha256) = ("s3://bucket/altered \(count)", Putting.sha256(bytes))
        let always = try ScriptedServer("relay.py", ["\(server.port)", "-1"])
        let error = try Putting.put(
            bytes, ObjectStore(with(["AWS_ENDPOINT_URL_S3": "http://127.0.0.1:\(always.port)"]), options: options),
            to: key)
        #expect(error?.mayPass == true && error?.message.contains("altered") == true, "\(String(describing: error))")
        #expect(throws: DownloadError.self) { try Putting.fetched(key, settings) }
        let once = try ScriptedServer("relay.py", ["\(server.port)", "1"])
        #expect(
            try Putting.put(
                bytes, ObjectStore(with(["AWS_ENDPOINT_URL_S3": "http://127.0.0.1:\(once.port)"]), options: options),
                to: key)
                == nil)
        #expect(try Putting.fetched(key, settings).sha256 == sha256)
        #expect(try unfinished() == 0)
    }

    /// OpenStack Swift refuses the condition (501), and says who wrote what is there.
    @Test(arguments: [1000, 6_000_000]) func nobodyElsesObjectIsReplaced(_ count: Int) throws {
        let store = ObjectStore(settings, options: options)
        let place = "s3://bucket/claimed \(count)"
        let (first, second) = (Putting.bytes(count, seed: 1), Putting.bytes(count, seed: 2))
        #expect(try Putting.placed(first, store, to: place, mark: "one") == .success(.stored))
        #expect(try Putting.placed(second, store, to: place, mark: "two") == .success(.taken))
        #expect(try Putting.placed(first, store, to: place, mark: "one") == .success(.stored))
        #expect(try Putting.fetched(place, settings).sha256 == Putting.sha256(first))
        #expect(try unfinished() == 0)
    }

    @Test func onlyAStoreThatProvesItsNameIsGivenAnything() throws {
        let (authority, another) = (try TestAuthority(), try TestAuthority())
        let bytes = Putting.bytes(6_000_000)
        func put(_ front: Front, trusting authority: TestAuthority, to key: String) throws -> TransferError? {
            let settings = try with([
                "AWS_ENDPOINT_URL_S3": "https://localhost:\(front.port)", "SSL_CERT_FILE": authority.file,
            ])
            return try Putting.put(bytes, ObjectStore(settings, options: options), to: "s3://bucket/\(key)")
        }
        let front = try Front(to: server.port, certificate: authority.certificate(of: "localhost"))
        #expect(try put(front, trusting: authority, to: "TLS") == nil)
        #expect(try Putting.fetched("s3://bucket/TLS", settings).sha256 == Putting.sha256(bytes))
        let unknown = try #require(try put(front, trusting: another, to: "unknown"))
        #expect(unknown.message.contains("could not prove who it is") && unknown.message.contains("SSL_CERT_FILE"))
        let elsewhere = try Front(to: server.port, certificate: authority.certificate(of: "other.example"))
        let misnamed = try #require(try put(elsewhere, trusting: authority, to: "misnamed"))
        #expect(misnamed.message.contains("its certificate is for another host"), "\(misnamed)")
        #expect(!unknown.mayPass && !misnamed.mayPass)
        for key in ["unknown", "misnamed"] {
            #expect(throws: DownloadError.self) { try Putting.fetched("s3://bucket/\(key)", settings) }
        }
    }

    @Test func aServerThatIsKilledMeanwhileAndComesBack() throws {
        let store = ObjectStore(settings, options: options)
        let bytes = Putting.bytes(40_000_000)
        let parts = partsOnDisk
        let server = server
        Thread.detachNewThread { [self] in
            _ = eventually { partsOnDisk >= parts + 3 }
            server.kill()
        }
        let error = try #require(try Putting.put(bytes, store, to: "s3://bucket/killed"))
        #expect(error.mayPass && error.place == "bucket", "\(error)")
        try server.startAgain()
        #expect(throws: DownloadError.self) { try Putting.fetched("s3://bucket/killed", settings) }
        #expect(try unfinished() == 1)
        #expect(try Putting.put(bytes, store, to: "s3://bucket/killed") == nil)
        #expect(try Putting.fetched("s3://bucket/killed", settings).sha256 == Putting.sha256(bytes))
        // What the first try left there was cleared up after the second.
        #expect(try unfinished() == 0)
    }

    /// Files of objects and parts that the server has.
    private var partsOnDisk: Int {
        let files = FileManager.default.enumerator(atPath: "\(server.folder.path)/devices/d/objects")
        var count = 0
        while let name = files?.nextObject() as? String { count += name.hasSuffix(".data") ? 1 : 0 }
        return count
    }

    /// Uploads in parts that did not end.
    private func unfinished() throws -> Int {
        let url = "\(server.url)/bucket?uploads="
        let text = String(decoding: try Downloader().text(url, signing: settings.signing).body, as: UTF8.self)
        return text.components(separatedBy: "<UploadId>").count - 1
    }
}
