import Document
package import Jobs

/// What became of a document, from what became of its pages.
package struct Verdict: Sendable, Equatable {
    private let pages: Int
    private let failed: [Int]
    private let degraded: [Int]
    private let firstReason: String?

    /// - Parameters:
    ///   - pages: how many there are.
    ///   - troubles: those that are not as they should be.
    package init(pages: Int, _ troubles: [PageTrouble]) {
        self.pages = pages
        failed = troubles.filter { $0.outcome == .failed }.map(\.number)
        degraded = troubles.filter { $0.outcome == .degraded }.map(\.number)
        firstReason = troubles.lazy.filter { $0.outcome == .failed }.compactMap(\.reason).first
    }

    package var status: JobStatus {
        if failed.count == pages { return .failed }
        return failed.isEmpty && degraded.isEmpty ? .success : .partial
    }

    /// Why the status is not `success`, as one sentence; nil when it is.
    package var detail: String? {
        if failed.count == pages {
            return "No page could be read: \(firstReason ?? "the document has no pages")."
        }
        if !failed.isEmpty { return "\(failed.count) of \(pages) pages could not be read: \(Self.list(failed))." }
        if !degraded.isEmpty { return "\(degraded.count) of \(pages) pages may be incomplete: \(Self.list(degraded))." }
        return nil
    }

    private static func list(_ numbers: [Int]) -> String {
        let shown = numbers.prefix(20).map(String.init).joined(separator: ", ")
        return numbers.count > 20 ? "\(shown) …" : shown
    }
}
