import CLinux
import Glibc

/// A folder for the temporary files of one instance of a service (`TMPDIR`), which is removed with all that is in it
/// when the instance is gone.
package struct PrivateTemporaryFolder: Sendable, Equatable {
    package let path: String
    private let inode: UInt64
    private let owner: UInt32

    /// Makes an empty folder with mode 0700 and a random part in its name, so that nobody can have it before.
    ///
    /// - Parameters:
    ///   - base: an absolute path, short: the names of Unix sockets in the folder must fit into 107 bytes.
    package static func make(
        service: String, owner: UInt32, group: UInt32, in base: String = "/tmp"
    ) throws(SystemError) -> PrivateTemporaryFolder {
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        let random = String((0..<12).map { _ in letters[Int.random(in: letters.indices)] })
        let path = "\(base)/coxswain-\(ControlGroups.fileName(service))-\(random)"
        guard mkdir(path, 0o700) == 0 else { throw SystemError("make the folder \(path)") }
        guard let folder = OpenFolder(path), let status = folder.status else { throw SystemError("open \(path)") }
        // Who is not root can only give it to himself.
        if status.owner != owner || getegid() != group, fchown(folder.descriptor, owner, group) != 0 {
            let error = SystemError("give \(path) to user \(owner)")
            rmdir(path)
            throw error
        }
        return PrivateTemporaryFolder(path: path, inode: status.inode, owner: owner)
    }

    package enum Outcome: Sendable, Equatable {
        case removed
        /// The limit was reached, and there is more: call again.
        case unfinished
        /// Why something is still there.
        case kept(String)
    }

    /// Removes the folder and what is in it, as its owner; a folder that took its name is left alone.
    ///
    /// Never follows a symbolic link, never enters another mount or another user's folder.
    /// - Parameter limit: entries removed in one call, so that a loop goes on meanwhile.
    package func remove(limit: Int = 2000) -> Outcome {
        FileIdentity.assume(user: owner) {
            guard let folder = FolderRemoval.open(path, in: AT_FDCWD) else {
                return errno == ENOENT ? .removed : .kept("\(SystemError("open \(path)"))")
            }
            guard let status = folder.status, status.inode == inode, status.owner == owner else { return .removed }
            var work = FolderRemoval(top: folder, status: status, left: limit)
            work.empty(folder, depth: 0)
            guard work.left > 0 else { return .unfinished }
            // By its name: between the comparison above and here only its owner, or root, can have put another there.
            guard rmdir(path) == 0 || errno == ENOENT else {
                return .kept("\(work.refusal ?? SystemError("remove \(path)"))")
            }
            return .removed
        }
    }

    // MARK: Text

    /// For the state folder, so that the next life can remove it: one line.
    package var text: String { "\(inode) \(owner) \(path)\n" }

    package init?(text: String) {
        let words = text.split(separator: "\n").first?.split(separator: " ", maxSplits: 2) ?? []
        guard words.count == 3, let inode = UInt64(words[0]), let owner = UInt32(words[1]), words[2].hasPrefix("/"),
            words[2].split(separator: "/").last?.hasPrefix("coxswain-") == true
        else { return nil }
        self.init(path: String(words[2]), inode: inode, owner: owner)
    }

    private init(path: String, inode: UInt64, owner: UInt32) {
        self.path = path
        self.inode = inode
        self.owner = owner
    }
}

/// Empties a folder that holds whatever a service put there.
private struct FolderRemoval {
    let top: OpenFolder
    let status: FileStatus
    /// How many entries may still be removed.
    var left: Int
    var refusal: SystemError?
    private var moved = 0

    init(top: OpenFolder, status: FileStatus, left: Int) {
        self.top = top
        self.status = status
        self.left = left
    }

    mutating func empty(_ folder: OpenFolder, depth: Int) {
        while left > 0 {
            // A handful at a time: what a listing says after entries were removed differs between file systems.
            var names: [String] = []
            folder.forEach { entry in
                names.append(entry.name)
                return names.count < 512
            }
            var removed = 0
            for name in names where left > 0 && remove(name, from: folder, depth: depth) { removed += 1 }
            // What cannot be removed stays in the listing: done when there is nothing else.
            if removed == 0 { return }
        }
    }

    private mutating func remove(_ name: String, from folder: OpenFolder, depth: Int) -> Bool {
        guard let entry = folder.status(of: name) else { return false }
        guard entry.isFolder else { return removed(cox_remove_file_at(folder.descriptor, name), name) }
        guard entry.mount == status.mount, entry.device == status.device, entry.owner == status.owner
        else {
            refusal = SystemError(
                "remove a folder of another user or another mount from a temporary folder", code: EPERM)
            return false
        }
        guard let child = Self.open(name, in: folder.descriptor) else {
            refusal = SystemError("open a folder in a temporary folder")
            return false
        }
        if depth > 30 {
            // Each level costs a descriptor and a part of the stack: the rest is hung to the top and has its turn
            // there.
            moved += 1
            return removed(
                renameat(folder.descriptor, name, top.descriptor, "coxswain-deep-\(moved)-\(entry.inode)"), name)
        }
        empty(child, depth: depth + 1)
        return left > 0 && removed(cox_remove_folder_at(folder.descriptor, name), name)
    }

    /// Opens a folder, which may have been made unreadable to its own owner.
    static func open(_ name: String, in folder: CInt) -> OpenFolder? {
        if let child = OpenFolder(name, in: folder), faccessat(child.descriptor, ".", W_OK | X_OK, AT_EACCESS) == 0 {
            return child
        }
        let pointer = cox_point_at(folder, name)
        guard pointer >= 0 else { return nil }
        defer { close(pointer) }
        guard FileStatus(of: "", in: pointer)?.isFolder == true else { return nil }
        _ = cox_change_mode(pointer, 0o700)
        return OpenFolder(name, in: folder)
    }

    private mutating func removed(_ result: CInt, _ name: String) -> Bool {
        guard result == 0 else {
            if errno != ENOENT { refusal = SystemError("remove an entry of a temporary folder") }
            return false
        }
        left -= 1
        return true
    }
}
