import Health

/// The query of a request to the control socket.
struct ControlQuery {
    private let pairs: [(key: String, value: String)]

    /// - Parameter pairs: as they stand in the request target.
    init(_ pairs: [(key: String, value: String)]) {
        self.pairs = pairs.map { (PercentCoding.decode($0.key), PercentCoding.decode($0.value)) }
    }

    /// Most lines or events of one answer, not counting those that follow.
    static let most = 10_000
    static let usual = 100

    /// `?follow`, `?follow=1`; not `?follow=0`.
    func has(_ key: String) -> Bool { pairs.contains { $0.key == key && $0.value != "false" && $0.value != "0" } }

    func text(_ key: String) -> String? { pairs.first { $0.key == key }?.value }

    struct Wrong: Error {
        var answer: ControlProblem
    }

    /// How many, by `?n=`.
    func count() throws(Wrong) -> Int {
        guard let text = text("n") else { return Self.usual }
        if text == "all" { return Self.most }
        guard let count = Int(text), (0...Self.most).contains(count) else {
            throw Wrong(answer: ControlProblem(error: "`n` is no number", hint: "n=0 … n=\(Self.most), or n=all"))
        }
        return count
    }

    /// - Returns: nil where it is not there.
    func number(_ key: String) throws(Wrong) -> UInt64? {
        guard let text = text(key) else { return nil }
        guard let number = UInt64(text) else {
            throw Wrong(answer: ControlProblem(error: "`\(key)` is no number", hint: "\(key)=0, \(key)=1, …"))
        }
        return number
    }
}

/// What was wrong with a request, and what to do: the body of every answer that is none.
package struct ControlProblem: Codable, Sendable, Equatable, Error {
    package var error: String
    package var hint: String
    /// All that is wrong, where that is more than one thing.
    package var problems: [String]?
    /// Names of the services that there are, where another was asked for.
    package var services: [String]?

    package init(error: String, hint: String, problems: [String]? = nil, services: [String]? = nil) {
        self.error = error
        self.hint = hint
        self.problems = problems
        self.services = services
    }
}
