import Glibc

/// All that lies in a model's folder, as a download of somebody else's may have left it.
struct FolderWalk {
    struct Entry: Equatable {
        var path: String
        var look: FileLook
    }

    /// Regular files, and links to such; by path.
    private(set) var files: [Entry] = []
    /// What is neither file nor folder, or a link to nothing.
    private(set) var odd: [String] = []
    /// What could not be looked at.
    private(set) var unreadable: [FileProblem] = []
    /// Parts of a download that did not end.
    private(set) var leftovers: [String] = []
    /// There is more than any model has; the rest was not looked at.
    private(set) var isEndless = false

    private static let most = 100_000

    /// Folders that downloads keep their own things in.
    private static let foreign: Set<String> = [".cache", ".git", ".huggingface", "._____temp", ".msc", ".mdl", ".mv"]

    init(_ folder: String) {
        walk(folder, below: "", depth: 0, isForeign: false)
        files.sort { $0.path < $1.path }
        odd.sort()
        leftovers.sort()
    }

    private mutating func walk(_ folder: String, below: String, depth: Int, isForeign: Bool) {
        let names: [String]
        do throws(FileFailure) {
            names = try FolderListing.names(in: folder)
        } catch {
            unreadable.append(FileProblem(path: below.isEmpty ? "." : below, kind: .unreadable(error.code)))
            return
        }
        for name in names {
            guard files.count + odd.count + leftovers.count < Self.most, depth <= ModelPath.deepest else {
                isEndless = true
                return
            }
            let (path, full) = (below.isEmpty ? name : "\(below)/\(name)", "\(folder)/\(name)")
            // Ours, and what is left of one that was being written.
            if below.isEmpty, name.hasPrefix(ModelFolder.stampName) { continue }
            var status = stat()
            guard lstat(full, &status) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                walk(
                    full, below: path, depth: depth + 1,
                    isForeign: isForeign || below.isEmpty && Self.foreign.contains(name))
            case _ where name.hasSuffix(".incomplete") || name.contains(".partial"):
                leftovers.append(path)
            case _ where isForeign:
                break
            case S_IFREG:
                files.append(Entry(path: path, look: FileLook(status)))
            case S_IFLNK:
                // Into the hub's cache, mostly. A folder behind a link is not gone into: it may lead back here.
                do throws(FileFailure) {
                    let look = try FileLook(full)
                    if look.isRegular { files.append(Entry(path: path, look: look)) } else { odd.append(path) }
                } catch {
                    odd.append(path)
                }
            default:
                odd.append(path)
            }
        }
    }
}
