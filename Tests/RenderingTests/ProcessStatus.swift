import Glibc

/// `/proc/PID/status`, as it is at one moment.
struct ProcessStatus {
    private let fields: [String: String]

    /// - Returns: nil for a process that is gone.
    init?(_ process: Int32) {
        guard let file = try? OpenFile("/proc/\(process)/status") else { return nil }
        var bytes = [UInt8](repeating: 0, count: 8192)
        let count = read(file.descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let lines = String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n")
        fields = Dictionary(
            lines.compactMap { line in
                line.firstIndex(of: ":").map { (String(line[..<$0]), String(line[line.index(after: $0)...])) }
            }, uniquingKeysWith: { first, _ in first })
    }

    /// The first number of a line: KiB for sizes.
    func number(_ name: String) -> Int? {
        fields[name]?.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
    }

    /// The first word of a line.
    func text(_ name: String) -> String? {
        fields[name]?.split(whereSeparator: \.isWhitespace).first.map(String.init)
    }
}
