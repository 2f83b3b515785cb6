import Foundation

/// What a tree of processes holds: to be the same before and after, where nothing may leak.
package struct Holdings: Equatable, Sendable, CustomStringConvertible {
    /// Descriptors that are open, by program, over all its processes.
    package var descriptors: [String: Int] = [:]
    /// Processes by program; zombies are named as such.
    package var processes: [String: Int] = [:]
    /// Files below the folders that were named.
    package var files: Set<String> = []

    /// - Parameters:
    ///   - ancestor: itself included.
    ///   - folders: where files may be left, such as the state folder's spool.
    package init(below ancestor: Int32, folders: [String] = []) {
        let table = ProcessTable()
        for entry in table.below(ancestor) + [table.entries[ancestor]].compactMap({ $0 }) {
            let name = entry.state == "Z" ? "zombie" : entry.program
            processes[name, default: 0] += 1
            let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(entry.pid)/fd"))?.count ?? 0
            descriptors[name, default: 0] += open
        }
        for folder in folders {
            for case let name as String in FileManager.default.enumerator(atPath: folder) ?? .init() {
                files.insert("\(folder)/\(name)")
            }
        }
    }

    package var description: String {
        "processes \(processes.sorted { $0.key < $1.key }), descriptors \(descriptors.sorted { $0.key < $1.key }), "
            + "files \(files.sorted())"
    }

    /// What is here and was not before; nil when that is nothing. Less than before is no leak.
    package func leaked(since before: Holdings) -> String? {
        var found: [String] = []
        for (name, count) in descriptors where count > before.descriptors[name, default: 0] {
            found.append("\(count - before.descriptors[name, default: 0]) descriptors of \(name)")
        }
        for (name, count) in processes where count > before.processes[name, default: 0] {
            found.append("\(count - before.processes[name, default: 0]) processes \(name)")
        }
        found += files.subtracting(before.files).map { "file \($0)" }
        return found.isEmpty ? nil : found.sorted().joined(separator: ", ")
    }
}
