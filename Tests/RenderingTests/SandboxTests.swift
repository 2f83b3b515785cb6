import Glibc
import RenderProtocol
import Rendering
import Synchronization
import TestSupport
import Testing

extension RenderingTests {
    /// Each layer by itself, tried by a program that does what a document cannot be made to do; then real renderers.
    @Suite("The sandbox of renderers")
    struct Sandbox {
        // MARK: Layers

        @Test("is what stops these attempts: without it they succeed", arguments: Attempt.all)
        func without(_ attempt: Attempt) throws {
            guard attempt.worksWithout else { return }
            #expect(try Probe.run(layers: "-", attempt) == .done)
        }

        @Test(
            "of files lets fonts be read, and nothing else", .enabled(if: Probe.hasLandlock, "no Landlock here"),
            arguments: Attempt.all)
        func files(_ attempt: Attempt) throws {
            guard let expected = attempt.files else { return }
            #expect(try Probe.run(layers: "pf", attempt) == expected)
        }

        @Test(
            "of files is entered on kernels of older versions, for what they have",
            .enabled(if: Probe.hasLandlock, "no Landlock here"), arguments: ["1", "4"])
        func olderLandlock(version: String) throws {
            #expect(try Probe.run(layers: "p" + version, Attempt("read", "/etc/passwd")) == .refused("EACCES"))
            #expect(try Probe.run(layers: "p" + version, Attempt("read", "/etc/fonts/fonts.conf")) == .done)
            // TCP came with the fourth, signals with the sixth.
            let port = version == "1" ? "ECONNREFUSED" : "EACCES"
            #expect(try Probe.run(layers: "p" + version, Attempt("connect", "1")) == .refused(port))
            #expect(try Probe.run(layers: "p" + version, Attempt("signal-parent")) == .done)
        }

        @Test(
            "of system calls refuses what it must, and kills who asks for what no document needs",
            arguments: Attempt.all)
        func systemCalls(_ attempt: Attempt) throws {
            guard let expected = attempt.systemCalls else { return }
            #expect(try Probe.run(layers: "ps", attempt) == expected)
        }

        @Test("of privileges leaves root without them", .enabled(if: getuid() == 0, "not root"))
        func privileges() throws {
            #expect(try Probe.run(layers: "-", Attempt("become")) == .done)
            #expect(try Probe.run(layers: "p", Attempt("become")) == .refused("EPERM"))
        }

        // MARK: Renderers

        @Test("is around every renderer, before it says that it is ready")
        func inForce() async throws {
            let losses = Losses()
            let pool = Fixtures.pool(workers: 2) { $0.reportLoss = losses.add }
            defer { pool.shutdown() }
            _ = try await pool.open(TemporaryFile(smallPDF()))
            // A renderer that has answered was ready before; the other may not be.
            #expect(
                try await eventually {
                    pool.processIdentifiers.contains { process in
                        ProcessStatus(process).map { status in
                            status.number("Seccomp") == 2 && status.number("NoNewPrivs") == 1
                                && status.number("Threads") == 1 && status.text("CapEff") == "0000000000000000"
                        } ?? false
                    }
                })
            #expect(losses.all.isEmpty == Probe.hasLandlock, "\(losses.all)")
        }

        @Test("leaves no file to grow, no process to begin, and no stack without an end")
        func limits() async throws {
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            _ = try await pool.open(TemporaryFile(smallPDF()))
            let process = try #require(pool.processIdentifiers.first)
            let lines = Fixtures.output(of: "cat /proc/\(process)/limits").split(separator: "\n")
            for (name, value) in [
                ("Max file size", "0"), ("Max processes", "0"), ("Max core file size", "0"), ("Max open files", "64"),
                ("Max stack size", "\(8 << 20)"), ("Max address space", "\(1 << 30)"),
            ] {
                let line = lines.first { $0.hasPrefix(name) }
                // Soft and hard limit, and for most a unit.
                let words = line?.dropFirst(name.count).split(separator: " ").prefix(2).map(String.init)
                #expect(words == [value, value], "\(name): \(line ?? "none")")
            }
        }

        @Test("that the kernel refuses is said once, and keeps nobody from reading")
        func refused() async throws {
            let losses = Losses()
            let script = try Script("exec '\(Probe.path)' old-kernel '\(Fixtures.renderer)' \"$@\"")
            let pool = Fixtures.pool(workers: 2) {
                $0.executable = script.path
                $0.reportLoss = losses.add
            }
            defer { pool.shutdown() }
            let document = try await pool.open(TemporaryFile(smallPDF()))
            for _ in 0..<4 { _ = try await pool.render(document, page: 0, budget: PixelBudget(dpi: 72)) }
            // One that is killed is replaced, and the new one lacks the same.
            kill(try #require(pool.processIdentifiers.first), SIGKILL)
            _ = try await pool.render(document, page: 0, budget: PixelBudget(dpi: 72))
            #expect(losses.all.count == 2)
            #expect(losses.all.contains { $0.hasPrefix("Landlock was refused (Function not implemented): ") })
            #expect(losses.all.contains { $0.hasPrefix("the seccomp filter was refused (Operation not permitted): ") })
        }

        // MARK: Fonts

        @Test(
            "lets Chinese text in a font that is not embedded be drawn",
            .enabled(if: ChineseFont.isInstalled, "fonts-wqy-microhei is missing"))
        func chinese() async throws {
            // 中文 in GB 2312, whose map to Adobe-GB1 and back to Unicode poppler-data has.
            let font = """
                <</Type/Font/Subtype/Type0/BaseFont/Song/Encoding/GB-EUC-H/DescendantFonts[<</Type/Font/Subtype/CIDFontType2\
                /BaseFont/Song/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 0>>/DW 1000\
                /FontDescriptor<</Type/FontDescriptor/FontName/Song/Flags 4/Ascent 800/Descent -200>>>>]>>
                """
            let pdf = HostilePDF(
                page: "/Resources<</Font<</F 5 0 R>>>>", content: "BT /F 80 Tf 20 20 Td <d6d0cec4> Tj ET"
            ).with { $0.set(5, font) }
            let picture = try await drawn(pdf.bytes)
            // Both are there: the first, 中, is the same on the left as on the right; 文 has the shape of an X below.
            #expect(try picture.darkness() > 0.02)
            #expect(picture.isBlack(60.0 / 200, 0.5), "the middle stroke of 中")
            let tofu = try await drawn(HostilePDF().bytes)
            #expect(try tofu.darkness() == 0)
        }

        @Test("follows links from fontconfig's folders to fonts that lie elsewhere, and no links made later")
        func links() async throws {
            let folder = try TemporaryFolder()
            let script = try folder.fontconfig()
            // Before the renderer starts, the font is a link to a place outside.
            #expect(symlink(folder.path + "/elsewhere/one.ttf", folder.path + "/fonts/font.ttf") == 0)
            let pool = Fixtures.pool { $0.executable = script.path }
            defer { pool.shutdown() }
            let text = HostilePDF(
                page: "/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>",
                content: "BT /F 50 Tf 10 10 Td (MMM) Tj ET")
            #expect(try await drawn(text.bytes, by: pool).darkness() > 0.02)
            guard Probe.hasLandlock else { return }
            // Then to another, which nobody allowed.
            unlink(folder.path + "/fonts/font.ttf")
            #expect(symlink(folder.path + "/elsewhere/two.ttf", folder.path + "/fonts/font.ttf") == 0)
            #expect(try await drawn(text.bytes, by: pool).darkness() == 0)
        }

        private func drawn(_ bytes: [UInt8], by given: RendererPool? = nil) async throws -> Picture {
            let pool = given ?? Fixtures.pool()
            defer { if given == nil { pool.shutdown() } }
            let document = try await pool.open(TemporaryFile(bytes))
            let page = try await pool.render(document, page: 0, budget: PixelBudget(dpi: 72, format: .png))
            return try Picture(decoding: try #require(page.pictures.first).bytes)
        }
    }
}

/// What renderers said that they lack.
private final class Losses: Sendable {
    private let sentences = Mutex<[String]>([])

    var all: [String] { sentences.withLock { $0 } }

    @Sendable func add(_ sentence: String) {
        sentences.withLock { $0.append(sentence) }
    }
}

private enum ChineseFont {
    static let isInstalled = !Fixtures.output(of: "fc-list :lang=zh file").isEmpty
}

/// A folder that goes with the value.
private final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/coxswain-fonts-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        _ = Fixtures.output(of: "rm -rf '\(path)'")
    }

    /// Two copies of a font outside, and a renderer whose fontconfig knows `fonts` and nothing else.
    func fontconfig() throws -> Script {
        let font = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
        _ = Fixtures.output(
            of: """
                cd '\(path)' && mkdir fonts elsewhere && cp \(font) elsewhere/one.ttf && cp \(font) elsewhere/two.ttf && \
                echo '<fontconfig><dir>\(path)/fonts</dir><cachedir>\(path)/cache</cachedir></fontconfig>' > fonts.conf
                """)
        try #require(access(path + "/fonts.conf", R_OK) == 0)
        return try Script("FONTCONFIG_FILE='\(path)/fonts.conf' exec '\(Fixtures.renderer)' \"$@\"")
    }
}
