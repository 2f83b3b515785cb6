import RenderProtocol

/// What a renderer is to do with a document.
enum Work: Sendable {
    case open
    case render(page: Int, budget: PixelBudget)
}

enum WorkResult: Sendable {
    case opened(kind: DocumentKind, pages: [PageSize])
    case page(EncodedPage)
}

struct Job: Sendable {
    let identifier: UInt64
    let work: Work
    let file: DocumentFile
    let continuation: CheckedContinuation<Result<WorkResult, RenderError>, Never>

    var isOpening: Bool {
        if case .open = work { true } else { false }
    }
}

/// Jobs that wait for a worker: first come, first served, except that a worker goes on with the document it has open.
struct JobQueue {
    /// How often the first job may be passed over, so that a long document does not keep a short one waiting.
    static let patience = 1

    private var jobs: [Job] = []
    private var passedOver = 0

    mutating func append(_ job: Job) {
        jobs.append(job)
    }

    /// - Parameter document: the one that the worker has open.
    mutating func take(preferring document: UInt64?) -> Job? {
        guard !jobs.isEmpty else { return nil }
        // Whoever has a document opened knows nothing of it yet, and waits for all that follows.
        if let opening = jobs.firstIndex(where: \.isOpening) {
            if opening == 0 { passedOver = 0 }
            return jobs.remove(at: opening)
        }
        let preferred = jobs.firstIndex { $0.file.identifier == document } ?? 0
        guard preferred > 0, passedOver < Self.patience else {
            passedOver = 0
            return jobs.removeFirst()
        }
        passedOver += 1
        return jobs.remove(at: preferred)
    }

    mutating func remove(_ identifier: UInt64) -> Job? {
        guard let index = jobs.firstIndex(where: { $0.identifier == identifier }) else { return nil }
        if index == 0 { passedOver = 0 }
        return jobs.remove(at: index)
    }

    mutating func removeAll() -> [Job] {
        defer { jobs = [] }
        return jobs
    }
}
