import Downloads
import Glibc

/// For `DownloadsTests/KilledFetchTests` alone: fetches one file, until it is killed or done.
///
/// Arguments: the URL, the folder, the file's name in it, bytes of a part, SHA-256 or `-`.

let arguments = CommandLine.arguments
var options = DownloadOptions()
options.partBytes = Int64(arguments[4]) ?? options.partBytes
options.connections = 3
let item = DownloadItem(url: arguments[1], path: arguments[3], sha256: arguments[5] == "-" ? nil : arguments[5])
do {
    for file in try Downloader(options).fetch([item], into: arguments[2]) { print(file.path, file.size, file.sha256) }
} catch {
    _ = write(STDERR_FILENO, error.message, error.message.utf8.count)
    exit(1)
}
