import CLinux
import Glibc

extension Surroundings {
    /// Looks around. Writes a page into each folder and removes it at once; a folder on a server that does not answer
    /// makes this wait, so look before anything waits for us.
    ///
    /// - Parameters:
    ///   - folders: paths by what they are for, for example `output`; each should be there by now.
    ///   - memory: read before ``ControlGroups/find()``.
    ///   - controlGroups: why there are none, or what they lack; nil when all is there.
    package static func look(
        folders: [(role: String, path: String)], memory: ContainerMemory, controlGroups: String?
    ) -> Surroundings {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let pages = sysconf(CInt(_SC_PHYS_PAGES))
        return Surroundings(
            sharedMemory: space(at: "/dev/shm"),
            folders: folders.map { role, path in
                Folder(role: role, path: path, space: space(at: path), refusal: tryWriting(path))
            },
            memoryLimit: memory.limit,
            machineMemory: pages > 0 ? pages * sysconf(CInt(_SC_PAGESIZE)) : nil,
            cores: CoreCount.available(),
            openFiles: (Int(clamping: limit.rlim_cur), Int(clamping: limit.rlim_max)),
            controlGroupShortcoming: controlGroups,
            runRefusal: tryWriting("/run"),
            rootIsReadOnly: isReadOnly("/"),
            user: geteuid())
    }

    /// errno of writing a page into a new file there, or 0. Nothing stays.
    package static func tryWriting(_ folder: String) -> CInt { cox_try_writing(folder, ".coxswain-trial-\(getpid())") }

    /// What users other than root have left; nil where there is no such folder.
    package static func space(at path: String) -> Space? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        // What a tmpfs without a limit says.
        if status.f_blocks == 0 { return Space(size: .max, free: .max) }
        func bytes(_ blocks: UInt) -> Int {
            let (bytes, overflow) = Int(clamping: blocks).multipliedReportingOverflow(by: Int(status.f_frsize))
            return overflow ? .max : bytes
        }
        return Space(
            size: bytes(status.f_blocks), free: bytes(status.f_bavail),
            // Network file systems and btrfs say 0 of 0.
            freeInodes: status.f_files == 0 ? nil : Int(clamping: status.f_favail))
    }

    private static func isReadOnly(_ path: String) -> Bool {
        var status = statvfs()
        return statvfs(path, &status) == 0 && status.f_flag & UInt(ST_RDONLY) != 0
    }
}
