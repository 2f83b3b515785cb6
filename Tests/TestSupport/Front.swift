import Foundation

/// A server of this machine behind another port: with TLS, or with a moment at which it stands still. See `etc/test/front`.
package final class Front: Sendable {
    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("etc/test/front").path

    private let server: ScriptedServer
    private let folder: TestFolder
    package var port: Int { server.port }

    /// With a certificate, over TLS.
    package init(to port: Int, certificate: TestAuthority.Certificate) throws {
        folder = try TestFolder()
        server = try ScriptedServer(Self.script, ["--tls", certificate.file, certificate.key, "\(port)"])
    }

    /// The first time that a text comes by, the connection stands still before the last byte.
    package init(to port: Int, holding text: String) throws {
        folder = try TestFolder()
        server = try ScriptedServer(Self.script, ["--hold", text, "\(folder.path)/held", "\(port)"])
    }

    package var isHolding: Bool { FileManager.default.fileExists(atPath: "\(folder.path)/held") }

    /// Lets it go on.
    package func release() { try? FileManager.default.removeItem(atPath: "\(folder.path)/held") }
}

/// An authority that nobody knows, made anew by openssl(1).
package final class TestAuthority: Sendable {
    /// Of a server.
    package struct Certificate: Sendable {
        package var file: String
        package var key: String
    }

    package struct Failed: Error { package var errors: String }

    private let folder: TestFolder

    package init() throws {
        folder = try TestFolder()
        try Self.openssl(
            Self.newKey(file) + [
                "-x509", "-subj", "/CN=An authority of tests", "-addext", "basicConstraints=critical,CA:TRUE",
                "-keyout", "\(folder.path)/authority.key",
            ])
    }

    /// What `SSL_CERT_FILE` is to name, so that its certificates are trusted.
    package var file: String { "\(folder.path)/authority.pem" }

    /// - Parameter host: a name, or an address.
    package func certificate(of host: String) throws -> Certificate {
        let isAddress = host.allSatisfy { $0.isNumber || $0 == "." }
        let made = Certificate(file: "\(folder.path)/\(host).pem", key: "\(folder.path)/\(host).key")
        try Self.openssl(
            Self.newKey(made.file) + [
                "-subj", "/CN=\(host)", "-addext", "subjectAltName=\(isAddress ? "IP" : "DNS"):\(host)",
                "-addext", "basicConstraints=critical,CA:FALSE", "-CA", file, "-CAkey", "\(folder.path)/authority.key",
                "-keyout", made.key,
            ])
        return made
    }

    private static func newKey(_ file: String) -> [String] {
        [
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-out",
            file,
        ]
    }

    private static func openssl(_ arguments: [String]) throws {
        let result = try Shell.run("openssl", arguments)
        guard result.status == 0 else { throw Failed(errors: result.errors) }
    }
}
