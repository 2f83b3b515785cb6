import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// The places a container runs in: without rights, without a writable root.
    @Suite(.serialized) struct Places {
        /// Becomes uid 1000 without any capability, as `--user 1000 --cap-drop all --security-opt no-new-privileges`; with
        /// programs of its own, since it may have no way to where they were built.
        private static func unprivileged(_ folder: TestFolder) -> [String] {
            let programs = ["coxswain", "coxswain-shim", "coxswain-ocr", "coxswain-render", "coxswain-tesseract"]
            return [
                "/bin/bash", "-ec",
                """
                chmod 777 \(folder.path)
                mkdir \(folder.path)/programs
                cp \(programs.map { Programs.path($0) }.joined(separator: " ")) \(folder.path)/programs
                shift
                exec setpriv --reuid=1000 --regid=1000 --clear-groups --bounding-set=-all --inh-caps=-all \
                    --no-new-privs \(folder.path)/programs/coxswain "$@"
                """, "bash",
            ]
        }

        @Test func asUserOneThousand() throws {
            let container = try Container(wrapper: Self.unprivileged)
            try container.waitUntilReady()
            let document = try Book.pages("en", 15...15, in: container.folder)
            #expect(try container.send(document).status == 200)
            let engine = try #require(container.processes("coxswain-tesseract").first)
            kill(engine, SIGKILL)
            #expect(eventually { container.logged("engine failed after") })
            try container.waitUntilReady()
            container.signal(SIGTERM)
            #expect(try container.exitCode() == 0)
        }

        @Test func withAReadOnlyRootAndATmpfs() throws {
            // Everything is read-only but the test's own folder, in which a small tmpfs serves for temporary files.
            let container = try Container(
                wrapper: { folder in
                    [
                        "/bin/bash", "-ec",
                        """
                        mount --make-rprivate /
                        mount --bind \(folder.path) \(folder.path)
                        mkdir \(folder.path)/tmp
                        mount -t tmpfs -o size=64m tmpfs \(folder.path)/tmp
                        for place in / /tmp /run /var /home; do
                            mountpoint -q $place && mount -o remount,ro,bind $place
                        done
                        touch /run/x 2>/dev/null && exit 99
                        touch /tmp/x 2>/dev/null && exit 98
                        export TMPDIR=\(folder.path)/tmp
                        exec "$@"
                        """, "bash",
                    ]
                })
            try container.waitUntilReady()
            let document = try Book.pages("en", 15...15, in: container.folder)
            let answer = try container.send(document)
            #expect(answer.status == 200, "\(answer.body)")
            container.signal(SIGTERM)
            #expect(try container.exitCode() == 0)
        }

        @Test func socketsGoWhereTheyCanAndThatIsSaid() throws {
            // The state folder's path is too long for a socket, and /run cannot be written to.
            let long = String(repeating: "d", count: 120)
            let container = try Container(
                services: "[service.a]\ncommand = [\"/bin/sh\", \"-c\", \"echo $NOTIFY_SOCKET; exec sleep 1000\"]",
                wrapper: { ["env", "STATE_DIR=\($0.path)/\(long)"] + Self.unprivileged($0) })
            try container.waitUntilReady()
            #expect(container.logged("sockets are in /tmp/coxswain-1000-1, not in the state folder"))
            container.signal(SIGTERM)
            #expect(try container.exitCode() == 0)
            try? FileManager.default.removeItem(atPath: "/tmp/coxswain-1000-1")
        }
    }
}
