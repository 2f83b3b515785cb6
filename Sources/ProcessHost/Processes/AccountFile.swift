import Glibc

/// Users and groups by /etc/passwd and /etc/group, read here: getpwnam(3) would load name service libraries into process 1,
/// and answer from a network.
package struct AccountFile: Sendable, Equatable {
    package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// What `user = "…"` means here.
    package struct Account: Sendable, Equatable {
        /// nil for a number that /etc/passwd does not have.
        package var name: String?
        package var identity: Identity
        /// nil for a number that /etc/passwd does not have.
        package var home: String?
    }

    private struct User: Sendable, Equatable {
        var name: String
        var user: UInt32
        var group: UInt32
        var home: String
    }

    private struct Group: Sendable, Equatable {
        var name: String
        var group: UInt32
        var members: [String]
    }

    private let users: [User]
    private let groups: [Group]

    /// - Parameters: the files' text, as passwd(5) and group(5) have it. A line that is not of that form is passed over.
    package init(passwd: String, group: String) {
        users = Self.lines(passwd).compactMap { fields in
            guard fields.count >= 6, let user = Self.number(fields[2]), let group = Self.number(fields[3]) else {
                return nil
            }
            return User(name: String(fields[0]), user: user, group: group, home: String(fields[5]))
        }
        groups = Self.lines(group).compactMap { fields in
            guard fields.count >= 3, let number = Self.number(fields[2]) else { return nil }
            let members = fields.count > 3 ? fields[3].split(separator: ",").map(String.init) : []
            return Group(name: String(fields[0]), group: number, members: members)
        }
    }

    /// The files of this container; one that is not there has nobody in it, so that numbers still work.
    package static func read() -> AccountFile {
        AccountFile(passwd: SmallFile.read("/etc/passwd") ?? "", group: SmallFile.read("/etc/group") ?? "")
    }

    /// Reads `USER` or `USER:GROUP`, each a name or a number.
    ///
    /// Without `:GROUP` the user's first group and all others that list it; a number that is not in /etc/passwd gets the group of
    /// the same number (not root's, as Docker's `USER` would), and no other. With `:GROUP` that one alone.
    package func resolve(_ text: String) throws(Problem) -> Account {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }) else {
            throw Problem(description: "`\(text)` is not of the form USER or USER:GROUP")
        }
        let entry: User?
        let number: UInt32
        if parts[0].allSatisfy({ $0.isASCII && $0.isNumber }) {
            guard let value = Self.number(parts[0]) else { throw Problem(description: "\(parts[0]) is not a user id") }
            number = value
            entry = users.first { $0.user == value }
        } else {
            guard let found = users.first(where: { $0.name == parts[0] }) else {
                throw Problem(
                    description:
                        "there is no user `\(parts[0])` in /etc/passwd: create it in the image, or give its number")
            }
            number = found.user
            entry = found
        }
        let identity =
            if parts.count == 2 {
                Identity(user: number, group: try group(parts[1]))
            } else if let entry {
                Identity(user: number, group: entry.group, groups: memberships(of: entry))
            } else {
                Identity(user: number, group: number)
            }
        return Account(name: entry?.name, identity: identity, home: entry?.home)
    }

    private func group(_ text: Substring) throws(Problem) -> UInt32 {
        if text.allSatisfy({ $0.isASCII && $0.isNumber }) {
            guard let number = Self.number(text) else { throw Problem(description: "\(text) is not a group id") }
            return number
        }
        guard let found = groups.first(where: { $0.name == text }) else {
            throw Problem(
                description: "there is no group `\(text)` in /etc/group: create it in the image, or give its number")
        }
        return found.group
    }

    private func memberships(of user: User) -> [UInt32] {
        Set(groups.filter { $0.members.contains(user.name) }.map(\.group)).subtracting([user.group]).sorted()
    }

    private static func lines(_ text: String) -> [[Substring]] {
        text.split(whereSeparator: \.isNewline).map { $0.split(separator: ":", omittingEmptySubsequences: false) }
            .filter { !$0[0].isEmpty && !$0[0].hasPrefix("#") && !$0[0].hasPrefix("+") && !$0[0].hasPrefix("-") }
    }

    /// A user or group id. The highest number is none: to setresuid(2) it means "leave as it is".
    private static func number(_ text: Substring) -> UInt32? {
        guard let number = UInt32(text), number != .max else { return nil }
        return number
    }
}
