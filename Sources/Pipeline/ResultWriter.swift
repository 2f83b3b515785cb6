import Document
package import Intake
package import Jobs
package import Logging

/// Writes what was made of a document into the user's folder, and says what became of it.
package struct ResultWriter: Sendable {
    private let store: JobStore
    private let files: ResultFiles
    private let usesVLM: Bool
    private let uploads: String?
    private let logger: Logger

    /// - Parameters:
    ///   - usesVLM: a vision-language model reads the pages; said in the result.
    ///   - uploads: where every result goes as well, `s3://bucket/prefix/`; nil where only those do of which a request says so.
    package init(store: JobStore, files: ResultFiles, usesVLM: Bool, uploads: String? = nil, logger: Logger) {
        self.store = store
        self.files = files
        self.usesVLM = usesVLM
        self.uploads = uploads
        self.logger = logger
    }

    /// The end of a job whose pages are all committed.
    ///
    /// Files that cannot be written are no end of the job: the text is in the store, and only the promise of files is
    /// broken, which `failure` says. What is uploaded comes from the store, and so is uploaded all the same.
    func end(of id: JobIdentifier, model: String?, at now: Double) async throws -> JobEnd {
        guard let job = try await store.job(id) else { throw JobStoreError.unknownJob(id) }
        guard job.pagesDone == job.pagesSelected else {
            throw PagesMissing(done: job.pagesDone, selected: job.pagesSelected ?? 0)
        }
        let verdict = Verdict(pages: job.pagesDone, try await store.troubles(of: id))
        var end = JobEnd(verdict.status, detail: verdict.detail, model: model)
        guard verdict.status != .failed else {
            end.failure = JobFailure(code: "no_page", httpStatus: 502)
            return end
        }
        var finished = job
        finished.status = end.status
        finished.detail = end.detail
        finished.model = end.model
        finished.finishedAt = now
        do {
            let paths = try await files.store(
                stem: SafeStem(fileName: job.fileName), seconds: Int(job.createdAt), mark: "\"id\":\"\(id)\""
            ) {
                [finished] kind, paths, sink in
                var named = finished
                named.results = JobResults(markdown: paths.markdown, json: paths.json)
                let text = ResultText(store: store, job: named, usesVLM: usesVLM)
                try await text.write(kind == .json ? .json : .markdown) { try await sink.write($0) }
            }
            end.results = JobResults(markdown: paths.markdown, json: paths.json)
        } catch let failure as FileFailure {
            logger.error(
                "results could not be written",
                metadata: ["job": .string(job.id.description), "error": .string("\(failure)")])
            end.failure =
                failure.isFull
                ? JobFailure(code: "output_full", httpStatus: 507) : JobFailure(code: "output", httpStatus: 500)
            end.detail =
                "The result files could not be written (\(failure)); this answer has the whole text all the same."
        }
        // Where the request wants it comes first: that is what its answer names.
        let name = Self.name(of: end.results, finished)
        end.uploads = [job.options.output, uploads].compactMap { $0 }.map { ResultUpload(target: $0, name: name) }
        return end
    }

    /// What the files are called in the user's folder, without `.md` and `.json`; where there are none, what they would have
    /// been called, and something of the job beside: nobody has seen to it that the name is free.
    private static func name(of results: JobResults?, _ job: Job) -> String {
        guard let path = results?.markdown, let file = path.split(separator: "/").last, file.hasSuffix(".md") else {
            let stem = SafeStem(fileName: job.fileName).text
            return "\(LocalTime(seconds: Int(job.createdAt)).fileStamp)_\(stem)_\(job.id.description.prefix(8))"
        }
        return String(file.dropLast(3))
    }
}

/// Pages of a job are neither done nor worked on: it has no end that could be told.
private struct PagesMissing: Error, CustomStringConvertible {
    var done: Int
    var selected: Int

    var description: String {
        "only \(done) of its \(selected) pages are in the store; the next start reads the others"
    }
}
