import CCurl
import Glibc
import Readable
import Storage

/// One call of `Downloader.fetch`: which file gets a connection, what becomes of answers, until all are there or one
/// cannot be had.
final class FetchRun {
    typealias Instant = ContinuousClock.Instant

    private let items: [DownloadItem]
    private let folder: String
    private let options: DownloadOptions
    private let network: Network
    private let bench: Bench
    private let report: (DownloadProgress) -> Void
    private let isCancelled: () -> Bool
    private var pauses: Pauses
    /// By item; nil for those that were not begun yet.
    private var files: [FileFetch?]
    /// Of those begun and not done, in order.
    private var active: [Int] = []
    private var nextItem = 0
    private var exchanges: [ObjectIdentifier: (exchange: Exchange, file: Int, part: Int)] = [:]
    /// Hosts that asked to be left alone.
    private var holds: [Origin: Instant] = [:]
    private var reached: Set<Origin> = []
    private var lastReport: Instant?
    private let deadline: Instant?

    init(
        _ items: [DownloadItem], into folder: String, _ options: DownloadOptions, _ network: Network,
        report: @escaping (DownloadProgress) -> Void, isCancelled: @escaping () -> Bool
    ) {
        self.items = items
        self.folder = folder
        self.options = options
        self.network = network
        self.report = report
        self.isCancelled = isCancelled
        bench = Bench(network.alarm)
        pauses = Pauses(options)
        deadline = options.totalSeconds.map { .now + .seconds($0) }
        files = Array(repeating: nil, count: items.count)
    }

    func run() throws(DownloadError) -> [Downloaded] {
        do throws(DownloadError) {
            try checkRoom()
            while true {
                if isCancelled() { throw Failure.cancelled.error(host: "", file: "") }
                if let deadline, Instant.now >= deadline { throw Failure.outOfTime(options).error(host: "", file: "") }
                try takeReports()
                try fill()
                if nextItem == items.count, active.isEmpty { break }
                try step()
                let now = Instant.now
                for index in active { files[index]?.tend(now) }
                reportProgress(now)
            }
        } catch {
            putDown(quickly: error.kind == .cancelled)
            throw error
        }
        bench.disk.end()
        report(progress(.now))
        return files.compactMap { $0?.result }
    }

    /// Everything that was begun is put down, so that another run can go on with it.
    private func putDown(quickly: Bool) {
        for entry in exchanges.values { network.stop(entry.exchange) }
        exchanges = [:]
        for index in active { files[index]?.putDown(quickly: quickly) }
        bench.disk.end()
    }

    /// Whether all of it fits, as far as sizes are known: better now than after an hour.
    private func checkRoom() throws(DownloadError) {
        var needed: Int64 = 0
        for item in items {
            var information = stat()
            let path = "\(folder)/\(item.path)"
            var there: Int64 = 0
            if lstat(path, &information) == 0 || lstat(path + FilePlace.partialSuffix, &information) == 0 {
                there = Int64(information.st_blocks) * 512
            }
            needed += max(0, (item.size ?? 0) - there)
        }
        guard needed > 0, let free = DiskRoom(folder: folder).freeBytes(), needed > free else { return }
        throw .diskFull(file: "", needed: needed, folder: folder)
    }

    // MARK: - Asking

    private func fill() throws(DownloadError) {
        let now = Instant.now
        while network.count < max(options.connections, 1), let (file, part) = try nextWork(now) {
            try start(file, part)
        }
    }

    private func nextWork(_ now: Instant) throws(DownloadError) -> (FileFetch, Int)? {
        for index in active {
            guard let file = files[index], let part = file.nextPart(now) else { continue }
            let origin = (file.parts[part].route ?? file.route).currentOrigin
            if let hold = holds[origin], hold > now { continue }
            return (file, part)
        }
        // Some more than connections: those whose bytes are there are still hashed and synced.
        while nextItem < items.count, active.count < 2 * max(options.connections, 1) {
            let file = try FileFetch(nextItem, items[nextItem], into: folder, options, bench)
            files[nextItem] = file
            active.append(nextItem)
            nextItem += 1
            if let part = file.nextPart(now), holds[file.route.currentOrigin] ?? now <= now { return (file, part) }
        }
        return nil
    }

    private func start(_ file: FileFetch, _ part: Int) throws(DownloadError) {
        let request = file.request(part)
        let exchange = Exchange(
            request, options,
            onHead: { [unowned self, unowned file] head in
                reached.insert(request.route.currentOrigin)
                return file.accept(head, part: part, of: request)
            }, onBytes: { [unowned file] in file.take($0, part: part) })
        guard let exchange else {
            throw file.error(
                .invalid("libcurl refuses the request; is its URL right, and the file of certificates there?"))
        }
        exchanges[ObjectIdentifier(exchange)] = (exchange, file.index, part)
        network.start(exchange)
    }

    // MARK: - What comes back

    private func step() throws(DownloadError) {
        var ended: [(Exchange, CURLcode)] = []
        network.step(waitingAtMost: 50) { ended.append(($0, $1)) }
        for (exchange, code) in ended {
            // One that was broken off meanwhile, for its file begins again, is not there any more.
            guard let entry = exchanges.removeValue(forKey: ObjectIdentifier(exchange)), let file = files[entry.file]
            else {
                continue
            }
            let step = file.ended(part: entry.part, exchange, code, now: Int64(time(nil)))
            guard case .failed(let failure) = step else {
                try take(step, file)
                continue
            }
            try handle(failure, file, entry.part, exchange.request.route)
        }
    }

    private func handle(_ failure: Failure, _ file: FileFetch, _ part: Int, _ route: Route) throws(DownloadError) {
        let pause = file.pause(
            after: failure, part: part, route: route, wasReached: reached.contains(route.currentOrigin), &pauses)
        guard let pause else {
            let tries = failure.isRetried ? file.parts[part].failures : 1
            if failure.kind == .wrongLength || failure.kind == .tooLarge { breakOff(file, discarding: true) }
            throw file.error(failure, host: route.host, tries: tries)
        }
        let until = Instant.now + pause
        file.parts[part].notBefore = until
        if failure.retryAfter != nil { holds[route.currentOrigin] = max(holds[route.currentOrigin] ?? until, until) }
    }

    private func take(_ step: FileFetch.Step, _ file: FileFetch) throws(DownloadError) {
        switch step {
        case .goOn: break
        case .fatal(let error): throw error
        case .failed(let failure): throw file.error(failure)
        case .startAgain:
            breakOff(file, discarding: false)
            file.restarts += 1
            file.route.reset()
            file.forgetBytes()
            guard file.restarts <= options.restarts else {
                var failure = Failure(
                    kind: .changed,
                    reason:
                        "it was another file each time, \(file.restarts) times; somebody is writing it, or hosts with "
                        + "different files answer in turn")
                failure.isRetried = true
                throw file.error(failure)
            }
        }
        if file.stage == .done { active.removeAll { $0 == file.index } }
    }

    private func breakOff(_ file: FileFetch, discarding: Bool) {
        for (key, entry) in exchanges where entry.file == file.index {
            network.stop(entry.exchange)
            exchanges[key] = nil
        }
        if discarding { file.discard() }
    }

    private func takeReports() throws(DownloadError) {
        for report in bench.takeReports() {
            switch report {
            case .hashed(let index, let generation, let end):
                guard let file = files[index], file.generation == generation else { continue }
                try take(file.hashed(end), file)
            case .checkpointed(let index, let generation, _):
                guard let file = files[index], file.generation == generation else { continue }
                file.isCheckpointing = false
            case .placed(let index, let generation, let trouble):
                guard let file = files[index], file.generation == generation else { continue }
                try take(file.placed(trouble), file)
            }
        }
    }

    // MARK: - Progress

    private func reportProgress(_ now: Instant) {
        guard lastReport.map({ now - $0 >= .milliseconds(100) }) ?? true else { return }
        lastReport = now
        report(progress(now))
    }

    private func progress(_ now: Instant) -> DownloadProgress {
        var progress = DownloadProgress()
        progress.filesTotal = items.count
        var total: Int64? = 0
        for (index, item) in items.enumerated() {
            let file = files[index]
            progress.bytesDone += file?.bytesDone ?? 0
            progress.bytesFetched += file?.fetched ?? 0
            if file?.stage == .done { progress.filesDone += 1 }
            total = if let sum = total, let size = file?.bytesTotal ?? item.size { sum + size } else { nil }
        }
        progress.bytesTotal = total
        progress.pause = pause(now)
        return progress
    }

    private func pause(_ now: Instant) -> Duration? {
        guard network.count == 0, !active.isEmpty else { return nil }
        var earliest: Instant?
        for index in active {
            guard let file = files[index] else { continue }
            guard file.stage == .fetching else { return nil }
            let retry = max(file.earliestRetry ?? now, holds[file.route.currentOrigin] ?? now)
            earliest = min(earliest ?? retry, retry)
        }
        return earliest.flatMap { $0 > now ? $0 - now : nil }
    }
}
