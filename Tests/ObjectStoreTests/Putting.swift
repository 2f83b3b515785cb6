import Digests
import Downloads
import Foundation
import ObjectStore
import StoreSettings
import Synchronization
import TestSupport
import WebCalls

/// What the tests of uploads share.
enum Putting {
    /// Small parts and short pauses.
    static var options: ObjectStoreOptions {
        var options = ObjectStoreOptions()
        options.partBytes = 256 << 10
        options.firstPause = .milliseconds(5)
        options.longestPause = .milliseconds(20)
        options.connectSeconds = 5
        options.stallSeconds = 1
        options.abortMilliseconds = 1000
        return options
    }

    /// No two parts of it are the same, and none is without 0xDA.
    static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = TestRandom(seed: seed)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 16)
        while bytes.count < count {
            withUnsafeBytes(of: random.next()) { bytes.append(contentsOf: $0) }
            bytes.append(0xDA)
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// - Returns: the error; nil where it is there.
    static func put(
        _ bytes: [UInt8], _ store: ObjectStore, to place: String, contentType: String = "text/markdown; charset=utf-8",
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws -> TransferError? {
        let folder = try TestFolder()
        let path = "\(folder.path)/file"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return try put(path, bytes.count, store, to: place, contentType: contentType, isCancelled: isCancelled)
    }

    static func put(
        _ path: String, _ count: Int, _ store: ObjectStore, to place: String, contentType: String = "text/plain",
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws -> TransferError? {
        guard let place = ObjectPlace(place) else { throw NoPlace() }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        // Not at its beginning: the position is nobody's business.
        lseek(descriptor, 7, SEEK_SET)
        do {
            try store.put(descriptor, bytes: count, to: place, contentType: contentType, isCancelled: isCancelled)
            return nil
        } catch {
            return error
        }
    }

    /// With a mark, which replaces nobody else's.
    static func placed(
        _ bytes: [UInt8], _ store: ObjectStore, to place: String, mark: String?
    ) throws -> Result<ObjectStore.Placement, TransferError> {
        guard let place = ObjectPlace(place) else { throw NoPlace() }
        let folder = try TestFolder()
        let path = "\(folder.path)/file"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        return Result { () throws(TransferError) in
            try store.put(
                descriptor, bytes: bytes.count, to: place, contentType: "text/plain", mark: mark,
                isCancelled: { false })
        }
    }

    struct NoPlace: Error {}

    static func sha256(_ bytes: [UInt8]) -> String {
        let digest = Digest()
        bytes.withUnsafeBytes { digest.update($0) }
        return digest.finish() ?? ""
    }

    /// Size and digest of an object, as `Downloads` gets it.
    static func fetched(_ place: String, _ settings: ObjectStoreSettings) throws -> (bytes: Int64, sha256: String) {
        guard let place = ObjectPlace(place) else { throw NoPlace() }
        let digest = Digest()
        let end = try Downloader().stream(
            settings.bucket(place.bucket).url(of: place.key), signing: settings.signing, into: { digest.update($0) })
        return (end.bytes, digest.finish() ?? "")
    }
}

/// `store.py` and an `ObjectStore` that uses it.
final class FaultyStore: Sendable {
    private let folder: TestFolder
    private let server: ScriptedServer
    let settings: ObjectStoreSettings
    let store: ObjectStore

    struct Request {
        var method: String
        var path: String
        var headers: [String: String]
    }

    /// - Parameter rules: what goes wrong; see `store.py`.
    init(_ rules: [[String: Any]] = [], options: ObjectStoreOptions = Putting.options) throws {
        folder = try TestFolder()
        let plan = try JSONSerialization.data(withJSONObject: rules)
        try plan.write(to: URL(fileURLWithPath: "\(folder.path)/plan"))
        server = try ScriptedServer("store.py", ["\(folder.path)/plan", "\(folder.path)/record"])
        settings = try ObjectStoreSettings(environment: [
            "AWS_ENDPOINT_URL": "http://127.0.0.1:\(server.port)", "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "sEcReT", "AWS_SESSION_TOKEN": "token",
        ])
        store = ObjectStore(settings, options: options)
    }

    /// Without those that `uploads` makes.
    var requests: [Request] {
        let text = (try? String(contentsOfFile: "\(folder.path)/record", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            guard let row = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                let path = row["path"] as? String, path != "/_uploads"
            else { return nil }
            return Request(
                method: row["method"] as? String ?? "", path: path, headers: row["headers"] as? [String: String] ?? [:])
        }
    }

    /// Uploads in parts that have not ended.
    func uploads() throws -> [String] {
        let body = try Downloader().text("http://127.0.0.1:\(server.port)/_uploads", signing: settings.signing).body
        return try JSONDecoder().decode([String].self, from: Data(body))
    }

    func object(_ key: String) throws -> [UInt8]? {
        do {
            return try Downloader().text(settings.bucket("bucket").url(of: key), signing: settings.signing).body
        } catch {
            guard error.kind == .notFound else { throw error }
            return nil
        }
    }
}

/// A switch that another thread throws.
final class Flag: Sendable {
    private let value = Mutex(false)
    var isSet: Bool { value.withLock { $0 } }
    func set() { value.withLock { $0 = true } }
}
