import CLinux
import Glibc

/// A file or socket that a tree of processes had in use, written down so that precisely it can be removed when the tree
/// is dead and has left it: also in the next life of the container.
package struct LeftFile: Sendable, Equatable {
    package var folder: String
    package var name: String
    package var inode: UInt64
    package var owner: UInt32
    /// Bytes.
    package var size: UInt64
    /// Nanoseconds since 1970; `born` is 0 where the file system does not keep it.
    package var changed: Int64
    package var born: Int64

    package init(
        folder: String, name: String, inode: UInt64, owner: UInt32, size: UInt64, changed: Int64, born: Int64
    ) {
        self.folder = folder
        self.name = name
        self.inode = inode
        self.owner = owner
        self.size = size
        self.changed = changed
        self.born = born
    }

    package init(folder: String, name: String, status: FileStatus) {
        self.init(
            folder: folder, name: name, inode: status.inode, owner: status.owner, size: status.size,
            changed: status.changed, born: status.born)
    }

    /// Whether this is the file that was written down. Numbers of inodes come again, to the nanosecond births do not.
    /// The device is not compared: the same overlay or volume gets another number each time it is mounted.
    package func isSame(as status: FileStatus) -> Bool {
        inode == status.inode && owner == status.owner
            && (born != 0 && status.born != 0 ? born == status.born : changed == status.changed)
    }

    // MARK: Text

    /// One line a file: numbers, then folder and name with all that is not plain as `%xx`.
    package static func encode(_ files: [LeftFile]) -> String {
        files.map { file in
            let numbers = "\(file.inode) \(file.owner) \(file.size) \(file.changed) \(file.born)"
            return "\(numbers) \(escaped(file.folder)) \(escaped(file.name))\n"
        }.joined()
    }

    /// Reads what ``encode(_:)`` wrote; lines that it could not have written are left out.
    package static func decode(_ text: String) -> [LeftFile] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count == 7, let inode = UInt64(words[0]), let owner = UInt32(words[1]),
                let size = UInt64(words[2]), let changed = Int64(words[3]), let born = Int64(words[4]),
                let folder = unescaped(words[5]), let name = unescaped(words[6]),
                folder.hasPrefix("/"), name != ".", name != "..", !name.contains("/")
            else { return nil }
            return LeftFile(
                folder: folder, name: name, inode: inode, owner: owner, size: size, changed: changed, born: born)
        }
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"),
                UInt8(ascii: "_"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return result
    }

    private static func unescaped(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16),
                value != 0
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
