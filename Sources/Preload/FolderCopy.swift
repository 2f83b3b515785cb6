import Glibc
import Models
import Readable

/// Copies a model from a folder of this machine, hashed on the way.
enum FolderCopy {
    /// - Parameters:
    ///   - progress: bytes so far, those that lay there included.
    /// - Returns: the files with their sizes and SHA-256.
    static func run(
        _ files: [ModelFile], from folder: String, to staging: String, progress: (Int64) -> Void,
        isCancelled: () -> Bool
    ) throws -> [ModelFile] {
        var done: Int64 = 0
        var copied: [ModelFile] = []
        for file in files {
            let result = try copy(file, from: folder, to: staging) { count in
                done += count
                progress(done)
                return !isCancelled()
            }
            copied.append(result)
        }
        return copied
    }

    private static func copy(
        _ file: ModelFile, from folder: String, to staging: String, goesOn: (Int64) -> Bool
    ) throws -> ModelFile {
        let source = "\(folder)/\(file.path)"
        let descriptor = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Unavailable(FileFailure("open", source, code: errno).description) }
        defer { close(descriptor) }
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
        let target = try StagedFile(in: staging, file.path)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Unavailable(FileFailure("read", source, code: errno).description) }
            if count == 0 { break }
            try target.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            guard goesOn(Int64(count)) else { throw Stopped() }
        }
        let name = PlainText.short(file.path)
        if let size = file.size, size != target.size {
            throw Unavailable("\(name) has \(target.size) bytes instead of \(size), or changed while it was copied")
        }
        let size = target.size
        let digest = try target.finish()
        if let known = file.sha256, digest != known {
            unlink(target.path)
            throw Unavailable("\(name) has another SHA-256 than the manifest says")
        }
        return ModelFile(path: file.path, size: size, sha256: digest)
    }
}
