import Glibc
import RenderProtocol
import Rendering
import Synchronization
import TestSupport
import Testing

/// What others wrote to try their own readers: `etc/test/corpus/fetch`.
///
/// Outside of `RenderingTests`, whose time limit is that of a test, not that of a thousand documents.
@Suite("A corpus that we did not write", .serialized, .timeLimit(.minutes(20)))
struct CorpusTests {
    /// Most pages that are drawn of one document.
    private static let pages = 30

    @Test(
        "ends in pages or in clear errors, whatever it does to renderers",
        .enabled(
            if: Corpus.folder != nil, "the corpus cannot be fetched: run etc/test/corpus/fetch to see what it says"))
    func everyDocument() async throws {
        let files = Corpus.files
        // Fewer would mean that unpacking went wrong.
        try #require(files.count { $0.hasSuffix(".pdf") } >= 100)
        let pool = Fixtures.pool(workers: 2)
        defer { pool.shutdown() }
        let peaks = PeakMemory()
        let watch = Task { await peaks.watch(pool) }
        defer { watch.cancel() }

        let ends = await withTaskGroup(of: [DocumentEnd].self) { group in
            // As many readers as renderers, and one that keeps the queue from running dry.
            for reader in 0..<3 {
                group.addTask {
                    var ends: [DocumentEnd] = []
                    for index in stride(from: reader, to: files.count, by: 3) {
                        ends.append(await Self.read(files[index], with: pool))
                    }
                    return ends
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }

        Self.report(ends, statistics: pool.statistics, peak: peaks.highest)
        #expect(ends.count == files.count)
        for end in ends {
            for error in end.errors {
                // The rest are faults of ours: a renderer that cannot start, a protocol that is broken, a pool that is gone.
                let clear: [RenderError.Code] = [
                    .notADocument, .encrypted, .damaged, .tooLarge, .outOfMemory, .crashed, .timedOut,
                ]
                #expect(clear.contains(error.code), "\(end.file): \(error)")
                #expect(!error.message.isEmpty)
            }
            // Two attempts, each with the time to open and to draw, and a renderer's start.
            #expect(end.longest < .seconds(200), "\(end.file) took \(end.longest)")
        }
        // Most of it can be read by somebody, and so by us.
        #expect(ends.count { $0.drawn > 0 } > files.count / 2)
        // A limit of the address space bounds what is resident; the sum of files that it maps is not counted twice.
        #expect(peaks.highest <= 1 << 20, "a renderer had \(peaks.highest) KiB resident")

        // The pool is alive.
        let document = try await pool.open(TemporaryFile(smallPDF()))
        #expect(try await pool.render(document, page: 0, budget: PixelBudget(dpi: 72)).width == 200)
    }

    private static func read(_ path: String, with pool: RendererPool) async -> DocumentEnd {
        var end = DocumentEnd(file: String(path.dropFirst((Corpus.folder ?? "").utf8.count + 1)))
        let clock = ContinuousClock()
        func timed<R>(_ body: () async throws -> R) async -> R? {
            let began = clock.now
            defer { end.longest = max(end.longest, clock.now - began) }
            do {
                return try await body()
            } catch {
                end.errors.append(error as? RenderError ?? RenderError(.internal, "\(error)"))
                return nil
            }
        }
        guard let document = await timed({ try await pool.open(OpenFile(path)) }) else { return end }
        for page in 0..<min(document.pages.count, pages) {
            guard let drawn = await timed({ try await pool.render(document, page: page, budget: PixelBudget()) }) else {
                continue
            }
            end.drawn += 1
            if drawn.attempts > 1 { end.lost += 1 }
        }
        document.close()
        return end
    }

    private static func report(_ ends: [DocumentEnd], statistics: RendererPool.Statistics, peak: Int) {
        let pages = ends.reduce(0) { $0 + $1.drawn }
        print("\(ends.count) documents, \(pages) pages drawn; \(statistics); at most \(peak / 1024) MiB resident")
        let codes = Dictionary(grouping: ends.flatMap(\.errors), by: \.code.rawValue).mapValues(\.count)
        print(codes.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", "))
        for end in ends {
            for error in end.errors where [.crashed, .timedOut, .outOfMemory].contains(error.code) {
                print("  \(end.file): \(error)")
            }
            if end.lost > 0 { print("  \(end.file): \(end.lost) pages drawn at the second attempt") }
        }
        for end in ends.sorted(by: { $0.longest > $1.longest }).prefix(5) {
            print("  \(end.file): \(end.drawn) pages, one of them in \(end.longest)")
        }
    }
}

/// How a document of the corpus ended.
private struct DocumentEnd: Sendable {
    /// Beneath the corpus's folder.
    let file: String
    var drawn = 0
    /// Pages that cost a renderer and were drawn by the next.
    var lost = 0
    var errors: [RenderError] = []
    /// Longest time of one answer.
    var longest = Duration.zero
}

/// The most memory that any renderer had resident.
final class PeakMemory: Sendable {
    private let value = Mutex(0)

    /// In KiB.
    var highest: Int { value.withLock { $0 } }

    func watch(_ pool: RendererPool) async {
        while !Task.isCancelled {
            for process in pool.processIdentifiers {
                let peak = ProcessStatus(process)?.number("VmHWM") ?? 0
                value.withLock { $0 = max($0, peak) }
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }
}

enum Corpus {
    /// Fetched once a run; nil where that does not work.
    static let folder: String? = {
        let package = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let printed = Fixtures.output(of: "'/\(package)/etc/test/corpus/fetch'")
        guard let line = printed.split(separator: "\n").last else { return nil }
        return String(line)
    }()

    /// Full paths, sorted.
    static let files: [String] = {
        guard let folder else { return [] }
        let endings = ["pdf", "png", "jpg", "jpeg", "jpe", "jfif", "tif", "tiff", "webp", "gif", "bmp", "dib"]
        let names = endings.map { "-iname '*.\($0)'" }.joined(separator: " -o ")
        return Fixtures.output(of: "find '\(folder)' -type f \\( \(names) \\) | sort")
            .split(separator: "\n").map(String.init)
    }()
}
