import Downloads
import Foundation
import TestSupport
import Testing

/// Disks that are full, and folders that cannot be written.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct DiskTests {
    @Test func whatCannotFitIsNotBegun() throws {
        let host = try HostileHost { .file([1], to: $0) }
        defer { host.stop() }
        let folder = try TestFolder()
        let items = (0..<2).map { DownloadItem(url: host.url, path: "\($0)", size: 1 << 58) }
        let error = Fixture.error { _ = try Downloader().fetch(items, into: folder.path) }
        #expect(error?.kind == .diskFull && error?.mayPass == false)
        #expect(error?.message.contains("512 PiB more") == true && error?.message.contains(" is free") == true)
        #expect(host.requests.isEmpty)
        #expect(folder.names() == [])
    }

    @Test func aFolderThatIsNoneIsSaid() throws {
        let folder = try TestFolder()
        let error = Fixture.error {
            _ = try Downloader().fetch(
                [DownloadItem(url: "http://127.0.0.1:1", path: "x")], into: "\(folder.path)/none")
        }
        #expect(error?.kind == .file && error?.message.contains("No such file") == true)
    }

    @Test func aFolderInTheWayIsSaid() throws {
        let host = try HostileHost { .file([1], to: $0) }
        defer { host.stop() }
        let folder = try TestFolder()
        try FileManager.default.createDirectory(atPath: "\(folder.path)/x/y", withIntermediateDirectories: true)
        let error = Fixture.error {
            _ = try Downloader().fetch([DownloadItem(url: host.url, path: "x")], into: folder.path)
        }
        #expect(error?.kind == .file)
        #expect(folder.names(in: "x") == ["y"])
    }

    private static let mayMount =
        (try? Shell.run("unshare", ["-m", "sh", "-c", "mount -t tmpfs none /mnt"]).status) == 0

    /// A file system of its own that is too small, at first without knowing how much there will be.
    @Test(.enabled(if: mayMount, "needs the right to mount"), arguments: [true, false])
    func aDiskThatGetsFullIsSaidAndLeftClean(_ hasLength: Bool) throws {
        let content = Fixture.bytes(3_000_000)
        let host = try HostileHost { request in
            guard !hasLength else { return .file(content, to: request) }
            var reply = HostileHost.Reply(200, [], content)
            reply.contentLength = nil
            reply.isChunked = true
            return reply
        }
        defer { host.stop() }
        let script = """
            mount -t tmpfs -o size=1m none /mnt && "$0" "$1/x" /mnt x 131072 -; echo "status $?"
            ls -A /mnt; df --output=used /mnt | tail -1
            """
        let result = try Shell.run("unshare", ["-m", "sh", "-c", script, Programs.path("FileFetcher"), host.url])
        let error = result.errors
        #expect(error.contains("the disk of /mnt is full") && error.contains(" is free"), "\(error)")
        if hasLength { #expect(error.contains("x needs 2.9 MiB more"), "\(error)") }
        let lines = result.output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(lines == ["status 1", "0"])
        if hasLength { #expect(host.requests.count == 1) }
    }
}
