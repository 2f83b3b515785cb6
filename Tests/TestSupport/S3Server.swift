import Foundation
import Synchronization

/// A real S3 server that checks signatures: OpenStack Swift, as `etc/test/s3-server` starts it.
package final class S3Server: Sendable {
    package static let accessKey = "test:tester"
    package static let secretKey = "testing"
    package static let region = "us-east-1"
    /// One that is there.
    package static let bucket = "bucket"

    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("etc/test/s3-server").path

    /// One server for all tests of a process. It takes two seconds to start.
    package static let shared: Result<S3Server, any Error> = Result { try S3Server() }

    /// Why there is none, where that is for want of packages or of extended attributes; nil where there is one, or where it
    /// should be.
    package static var isMissing: String? {
        guard case .failure(let error as ScriptedServer.CannotStart) = shared, error.status == 69 else { return nil }
        return error.errors
    }

    package let folder: TestFolder
    package let port: Int
    private let server: Mutex<ScriptedServer>

    package init() throws {
        folder = try TestFolder()
        let started = try ScriptedServer(Self.script, ["--remove", folder.path])
        port = started.port
        server = Mutex(started)
    }

    package var url: String { "http://127.0.0.1:\(port)" }

    package func kill() { server.withLock { $0.kill() } }

    /// With what it had, on its old port.
    package func startAgain() throws {
        let again = try ScriptedServer(Self.script, ["--remove", folder.path, "\(port)"])
        server.withLock { $0 = again }
    }

    /// The environment of who may use it.
    package var environment: [String: String] {
        [
            "AWS_ENDPOINT_URL_S3": url, "AWS_ACCESS_KEY_ID": Self.accessKey, "AWS_SECRET_ACCESS_KEY": Self.secretKey,
            "AWS_REGION": Self.region,
        ]
    }
}
