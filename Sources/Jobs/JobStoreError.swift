/// Why the store did not do what it was asked.
package enum JobStoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Another process works in the folder; `owner` is what it wrote down about itself.
    case taken(folder: String, owner: String)
    /// The database was written by a later version.
    case newer(path: String, unknown: [String])
    /// No room on the disk. Nothing of what was to be written is there, all else is; it may be tried again.
    case full(folder: String)
    /// The system refused something else. It may be tried again.
    case unavailable(folder: String, reason: String)
    /// What the database holds makes no sense. The next start moves it aside.
    case damaged(path: String, reason: String)
    /// It was never there, or was removed since.
    case unknownJob(JobIdentifier)
    /// The job was finished before.
    case finished(JobStatus)
    /// Only a finished job can be removed.
    case unfinished(JobStatus)
    /// The store was closed.
    case closed

    /// Whether the same call may succeed later, without anybody's doing here.
    package var isPassing: Bool {
        switch self {
        case .full, .unavailable: true
        default: false
        }
    }

    package var description: String {
        switch self {
        case .taken(let folder, let owner):
            "\(folder) is in use by another coxswain (\(owner)): stop it, or give each container a STATE_DIR of its own"
        case .newer(let path, let unknown):
            "\(path) was written by a newer version of coxswain (it has \(unknown.joined(separator: ", "))): run that "
                + "version, or move the file away, which loses the jobs in it"
        case .full(let folder): "there is no room left on the disk of \(folder): make room, or use a larger one"
        case .unavailable(let folder, let reason): "jobs cannot be stored in \(folder): \(reason)"
        case .damaged(let path, let reason): "\(path) is damaged (\(reason)): the next start moves it aside"
        case .unknownJob(let id): "there is no job \(id)"
        case .finished(let status): "the job is finished already (\(status.rawValue))"
        case .unfinished(let status): "the job is not finished (\(status.rawValue))"
        case .closed: "the job store is closed"
        }
    }
}
