import Foundation

/// What runs on this machine, as /proc tells.
package struct ProcessTable: Sendable {
    package struct Entry: Sendable {
        package var pid: Int32
        package var parent: Int32
        /// One letter of proc(5): `Z` is a zombie.
        package var state: Character
        package var command: [String]

        /// The program's own name, without its folder.
        package var program: String { command.first.map { String($0.split(separator: "/").last ?? "") } ?? "" }
    }

    package let entries: [Int32: Entry]

    package init() {
        var entries: [Int32: Entry] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let pid = Int32(name), let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
                let bracket = stat.lastIndex(of: ")")
            else { continue }
            let fields = stat[stat.index(after: bracket)...].split(separator: " ")
            guard fields.count > 1, let parent = Int32(fields[1]), let state = fields[0].first else { continue }
            let command = (try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)) ?? ""
            entries[pid] = Entry(
                pid: pid, parent: parent, state: state,
                command: command.split(separator: "\0", omittingEmptySubsequences: false).map(String.init))
        }
        self.entries = entries
    }

    /// The states of a process's threads.
    package static func threads(of pid: Int32) -> [Character] {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        return threads.compactMap { thread in
            let stat = try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/stat", encoding: .utf8)
            guard let stat, let bracket = stat.lastIndex(of: ")") else { return nil }
            return stat[stat.index(after: bracket)...].split(separator: " ").first?.first
        }
    }

    /// All that hangs below a process, itself left out.
    package func below(_ ancestor: Int32) -> [Entry] {
        var found: [Entry] = []
        var parents: Set<Int32> = [ancestor]
        while true {
            let children = entries.values.filter { entry in
                parents.contains(entry.parent) && !found.contains { $0.pid == entry.pid }
            }
            guard !children.isEmpty else { return found.sorted { $0.pid < $1.pid } }
            found += children
            parents = Set(children.map(\.pid))
        }
    }
}
