import Document
import Glibc
import Jobs

/// For `JobsTests/KilledWriterTests` alone: works on jobs like the api, and writes down each thing that it was told by the
/// store, until it is killed.
///
/// Arguments: the store's folder. Lines on standard output: `job ID`, `page ID NUMBER SEQUENCE`, `end ID`.

func say(_ words: String...) {
    let line = words.joined(separator: " ") + "\n"
    _ = write(STDOUT_FILENO, line, line.utf8.count)
}

let pagesOfAJob = 40
let folder = CommandLine.arguments[1]
let store = try JobStore(folder: folder, at: 0, patience: 30)
for warning in store.warnings { say("warning", warning) }

func work(on job: JobIdentifier, without done: PageSet) async throws {
    _ = try await store.begin(job, at: 0)
    _ = try await store.opened(job, pageCount: pagesOfAJob, selected: pagesOfAJob)
    try await withThrowingTaskGroup(of: Void.self) { group in
        for number in PageSet(all: pagesOfAJob).subtracting(done).shuffled() {
            group.addTask {
                let page = Page(number: number, outcome: .ok, text: "\(job) \(number)")
                guard case .committed(let sequence, _) = try await store.commit(page, of: job) else {
                    say("warning", "page \(number) of \(job) was there")
                    return
                }
                say("page", "\(job)", "\(number)", "\(sequence)")
            }
        }
        try await group.waitForAll()
    }
    _ = try await store.finish(job, JobEnd(.success), at: 0)
    say("end", "\(job)")
}

let (unfinished, givenUp) = try await store.recover(at: 0)
for job in givenUp { say("warning", "\(job.id) was given up") }
for job in unfinished { try await work(on: job.job.id, without: job.done) }
while true {
    let new = NewJob(fileName: nil, kind: "pdf", bytes: 5, sha256: nil)
    let creation = try await store.create(new, at: 0) { name in
        let descriptor = open("\(folder)/spool/\(name)", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        _ = write(descriptor, "%PDF-", 5)
        close(descriptor)
    }
    guard case .created(let job) = creation else { continue }
    say("job", "\(job.id)")
    try await work(on: job.id, without: PageSet())
}
