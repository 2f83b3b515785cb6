import Glibc
import Models

/// What of a folder that is wrong as a whole is right: it need not be fetched again.
enum Takeover {
    /// Gives the files that are proved right to the staging folder, by a second name where the file system can, else by a copy.
    ///
    /// - Returns: those files, with what is known of them.
    static func run(
        from folder: ModelFolder, of offer: Offer, hash: (String) throws -> String, isCancelled: () -> Bool
    ) throws -> [ModelFile] {
        var taken: [ModelFile] = []
        for var file in offer.manifest.files {
            // Without a size there is nothing to be right by.
            guard let size = file.size, !isCancelled() else { continue }
            let old = "\(folder.path)/\(file.path)"
            let new = "\(folder.staging)/\(file.path)"
            guard LocalFiles.size(old) == size, LocalFiles.size(new) != size else { continue }
            guard let digest = try? hash(old) else { continue }
            if let known = file.sha256 {
                guard digest == known else { continue }
            } else if let blob = offer.gitBlobs[file.path] {
                guard try GitBlob.name(of: old) == blob else { continue }
            } else {
                // A size alone proves nothing of what somebody left half-written.
                continue
            }
            try LocalFiles.makeFolders(above: file.path, in: folder.staging)
            unlink(new)
            if link(old, new) != 0 {
                // Another's file, or a file system without second names.
                guard let copied = try? copy(old, file.path, folder.staging), copied == digest else { continue }
            }
            file.sha256 = digest
            taken.append(file)
        }
        return taken
    }

    private static func copy(_ old: String, _ path: String, _ staging: String) throws -> String? {
        let folder = String(old.dropLast(path.utf8.count + 1))
        return try FolderCopy.run(
            [ModelFile(path: path)], from: folder, to: staging, progress: { _ in }, isCancelled: { false }
        ).first?.sha256
    }
}
