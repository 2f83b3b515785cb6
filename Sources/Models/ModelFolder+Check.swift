import Glibc

/// Computes a file's SHA-256 as 64 hexadecimal digits in lower case: `FileHash.sha256` of the target ModelHashing. PID 1,
/// which links no such library, has none.
package typealias FileHasher = @Sendable (_ path: String) throws(FileFailure) -> String

extension ModelFolder {
    /// Whether everything is there and right. Changes nothing.
    ///
    /// With a stamp that fits, one small file is read and each file's `stat` is taken: microseconds. What was changed since is
    /// hashed against what the stamp says. Without a stamp, every file is held against the manifest and against what it
    /// says of itself; known hashes are computed where the folder can be stamped after it, so once.
    ///
    /// - Parameters:
    ///   - deep: computes the SHA-256 of every file.
    ///   - threads: how many files are hashed at once.
    ///   - hash: without one, a file that was changed since it was stamped is a problem.
    package func check(deep: Bool = false, threads: Int = 1, hash: FileHasher? = nil) -> Check {
        check(path, deep: deep, threads: threads, hash: hash)
    }

    func check(_ folder: String, deep: Bool = false, threads: Int = 1, hash: FileHasher? = nil) -> Check {
        do throws(FileFailure) {
            guard try FileLook(folder).isFolder else {
                return .incomplete([FileProblem(path: ".", kind: .notAFile)])
            }
        } catch {
            // A link to nothing is no model either, but it stands in the way.
            var status = stat()
            if error.code == ENOENT, lstat(folder, &status) != 0 { return .absent }
            return .incomplete([FileProblem(path: ".", kind: .unreadable(error.code))])
        }
        var check = FolderCheck(manifest: manifest, folder: folder, stamp: .read(in: folder))
        check.canHash = hash != nil
        check.isDeep = deep
        check.gather()
        if let hash { check.take(hashes(of: check.toHash, in: folder, threads: threads, hash)) }
        return check.result()
    }

    private func hashes(
        of paths: [String], in folder: String, threads: Int, _ hash: @escaping FileHasher
    ) -> [String: Result<String, FileFailure>] {
        ParallelWork.map(paths, threads: threads) { path in
            do throws(FileFailure) {
                return .success(try hash("\(folder)/\(path)"))
            } catch {
                return .failure(error)
            }
        }
    }
}
