import Glibc

/// A program of one line of shell.
final class Script: Sendable {
    let path: String

    init(_ line: String) throws {
        let file = try TemporaryFile("#!/bin/sh\n\(line)\n")
        // The temporary file's descriptor is open for writing, and what is, cannot be run: this is a copy.
        path = file.path + ".sh"
        _ = Fixtures.output(of: "cp '\(file.path)' '\(path)' && chmod 700 '\(path)'")
    }

    deinit {
        unlink(path)
    }
}
