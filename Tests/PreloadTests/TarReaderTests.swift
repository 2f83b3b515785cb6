import Foundation
import Preload
import TestSupport
import Testing

@Suite struct TarReaderTests {
    /// Reads an archive in pieces of `step` bytes.
    private func read(_ archive: Data, step: Int = 65536, limits: TarReader.Limits = .init()) throws -> [String: Data] {
        var reader = TarReader(limits: limits) { $0.contains("..") ? "it leads out" : nil }
        var files: [String: Data] = [:]
        var current = ""
        var offset = 0
        while offset < archive.count {
            let piece = archive[offset..<min(offset + step, archive.count)]
            offset += piece.count
            try piece.withUnsafeBytes { bytes in
                try reader.read(bytes) { event in
                    switch event {
                    case .file(let path, _):
                        current = path
                        files[path] = Data()
                    case .bytes(let bytes): files[current]?.append(contentsOf: bytes)
                    case .end: break
                    }
                }
            }
        }
        try reader.finish()
        return files
    }

    private func packed(_ files: [String: Data], _ options: [String]) throws -> Data {
        let folder = try TestFolder()
        for (path, data) in files {
            let url = URL(fileURLWithPath: "\(folder.path)/\(path)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try data.write(to: url)
        }
        let made = try Shell.run("tar", options + ["-C", folder.path, "-cf", "\(folder.path)/a.tar", "top"])
        #expect(made.status == 0)
        return try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/a.tar"))
    }

    private static let long = String(repeating: "name", count: 40)

    @Test(arguments: ["ustar", "gnu", "pax"], [1, 511, 512, 65536])
    func readsWhatTarWrites(_ format: String, _ step: Int) throws {
        let path = format == "ustar" ? "sub/\(Self.long.prefix(90))" : "sub/\(Self.long)"
        let files = ["a": Data("hello".utf8), path: Data(repeating: 7, count: 1500), "empty": Data()]
        let packed = try packed(
            Dictionary(uniqueKeysWithValues: files.map { ("top/\($0.key)", $0.value) }), ["--format=\(format)"])
        #expect(try read(packed, step: step) == files)
    }

    @Test func aUstarPrefixIsPartOfThePath() throws {
        let path = "\(String(repeating: "d", count: 60))/\(String(repeating: "e", count: 60))/f"
        #expect(try read(try packed(["top/\(path)": Data([1])], ["--format=ustar"])) == [path: Data([1])])
    }

    @Test func linksAreRefused() throws {
        let folder = try TestFolder()
        try FileManager.default.createDirectory(atPath: "\(folder.path)/top", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/top/l", withDestinationPath: "/etc/passwd")
        try Shell.run("tar", ["-C", folder.path, "-cf", "\(folder.path)/a.tar", "top"])
        let archive = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/a.tar"))
        #expect(throws: TarReader.Malformed.self) {
            try read(archive)
        }
    }

    @Test func whatIsCutOffIsNoArchive() throws {
        let whole = try packed(["top/a": Data(repeating: 1, count: 3000)], [])
        for count in stride(from: 0, to: 3500, by: 100) {
            #expect(throws: TarReader.Malformed.self) { try read(whole.prefix(count)) }
        }
    }

    /// A header of our own, with its sum.
    private func header(_ name: String, size: String = "00000000000", kind: Character = "0") -> Data {
        var header = Data(count: 512)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<offset + text.utf8.count, with: Data(text.utf8))
        }
        put(name, at: 0)
        put(size, at: 124)
        put(String(kind), at: 156)
        put("ustar\u{0}00", at: 257)
        put("        ", at: 148)
        let sum = header.reduce(0) { $0 + Int($1) }
        put(String(format: "%06o\u{0} ", sum), at: 148)
        return header
    }

    private static let end = Data(count: 1024)

    @Test(arguments: ["top/../../x", "/top/x", "other"]) func refusesThePath(_ name: String) throws {
        let archive = header("top/", kind: "5") + header(name) + Self.end
        #expect(throws: TarReader.Malformed.self) { try read(archive) }
    }

    @Test(arguments: ["3", "4", "6", "1", "2", "S"]) func refusesTheKind(_ kind: String) throws {
        #expect(throws: TarReader.Malformed.self) { try read(header("top/x", kind: Character(kind)) + Self.end) }
    }

    @Test func sizesAreBounded() throws {
        var limits = TarReader.Limits()
        limits.bytes = 1 << 20
        limits.entries = 3
        // Two gigabytes are announced, and refused before any of them comes.
        #expect(throws: TarReader.Malformed.self) {
            try read(header("top/x", size: "20000000000") + Self.end, limits: limits)
        }
        let many = (0..<4).reduce(Data()) { $0 + header("top/\($1)") } + Self.end
        #expect(throws: TarReader.Malformed.self) { try read(many, limits: limits) }
        #expect(try read(header("top/x") + Self.end, limits: limits) == ["x": Data()])
    }

    @Test func anyDamageEndsOrIsHarmless() throws {
        let whole = try packed(["top/a": Data(repeating: 1, count: 600), "top/b/c": Data([2])], ["--format=pax"])
        var random = TestRandom(seed: 7)
        for _ in 0..<2000 {
            var damaged = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                damaged[Int.random(in: 0..<4096, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let files = (try? read(damaged, step: 333)) ?? [:]
            #expect(files.keys.allSatisfy { !$0.hasPrefix("/") && !$0.contains("..") })
        }
    }
}
