import Glibc

/// Whether what is written into a folder is still there after a restart of the container or of the machine.
package enum StorageDurability: Sendable, Equatable {
    case durable
    /// A sentence without its full stop, to be read after the folder's name and a colon: what kind of place it is, and
    /// what would be better.
    case notDurable(String)

    package init(_ fileSystem: FileSystem) {
        let name = fileSystem.name
        switch fileSystem.kind {
        case .local:
            self = .durable
        case .memory:
            self = .notDurable("it is in memory (\(name)), which ends with the container; mount a volume there")
        case .containerLayer:
            self = .notDurable("no volume is mounted there, so it is removed with the container (\(name))")
        case .network:
            self = .notDurable(
                "it is on a network file system (\(name)), which may lose what it took; use a local disk")
        case .foreign:
            self = .notDurable("it is kept by something outside of the kernel (\(name)), which promises nothing")
        case .unknown:
            self = .notDurable("its file system is not known (\(name)), so nothing can be said for it")
        }
    }

    /// Why what is written there may be lost; nil where it is safe.
    package var weakness: String? {
        switch self {
        case .durable: nil
        case .notDurable(let why): why
        }
    }

    /// - Parameter folder: one that exists.
    package static func of(folder: String) -> StorageDurability {
        guard let fileSystem = FileSystem(of: folder) else {
            return .notDurable("the system does not say where it is: \(String(cString: strerror(errno)))")
        }
        return StorageDurability(fileSystem)
    }
}
