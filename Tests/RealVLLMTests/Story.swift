import Foundation
import TestSupport
import Testing

/// What PID 1 says of a container from some moment on, and when.
final class Story {
    let title: String
    let container: Container
    private let begin: Date
    /// From when on times are counted.
    private var origin: Date

    /// One record of PID 1's own.
    struct Record: Decodable {
        var time: String
        var level: String
        var service: String
        var message: String
        var hint: String?
        var kind: String?
        var evidence: String?
        var stack: String?
    }

    /// - Parameter begin: from when on PID 1's words belong to it.
    init(_ title: String, _ container: Container, since begin: Date = Date()) {
        self.title = title
        self.container = container
        self.begin = begin
        origin = begin
    }

    /// Now it is done: from here on times are counted, and words are waited for.
    func strike() { origin = Date() }

    /// PID 1's records since the story began, with the seconds since what was done; negative before it.
    var records: [(after: Double, record: Record)] {
        let bytes = FileManager.default.contents(atPath: "\(container.folder.path)/log") ?? Data()
        let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard let record = try? JSONDecoder().decode(Record.self, from: Data(line)), record.service == "coxswain",
                let time = try? format.parse(record.time)
            else { return nil }
            return time < begin ? nil : (time.timeIntervalSince(origin), record)
        }
    }

    /// Seconds to the first record with one of these texts, after what was done. The log has milliseconds.
    func after(_ texts: String...) -> Double? {
        records.first { entry in entry.after > -0.001 && texts.contains { entry.record.message.contains($0) } }?.after
    }

    func said(_ text: String) -> Bool { after(text) != nil }

    /// Waits for words; records an issue when they do not come.
    @discardableResult
    func awaitWords(_ text: String, within seconds: Double, sourceLocation: SourceLocation = #_sourceLocation) -> Bool {
        let isSaid = eventually(within: seconds) {
            usleep(100_000)
            return said(text)
        }
        #expect(isSaid, "\(title): never said within \(seconds) s: \(text)", sourceLocation: sourceLocation)
        return isSaid
    }

    /// Prints PID 1's words, and how long it took to find, to explain, to clean up and to be back.
    func tell() {
        print("\n=== \(title)")
        let marks: [(String, Double?)] = [
            ("found", after("engine says it is not well", "engine hangs", "engine is stopping", "engine failed after")),
            ("explained", after("engine failed after")), ("gone", after("nothing is left of engine")),
            ("started again", after("engine started")), ("engine ready", after("engine is ready after")),
            ("container ready", after("container is ready")),
        ]
        let times = marks.compactMap { name, after in after.map { "\(name) after \(Self.seconds($0))" } }
        if !times.isEmpty { print("--- \(times.joined(separator: ", "))") }
        for (after, record) in records {
            var line = "\(Self.seconds(after).padding(toLength: 9, withPad: " ", startingAt: 0)) \(record.level): "
            line += record.message
            if let kind = record.kind { line += " [\(kind)]" }
            if let hint = record.hint { line += "\n          hint: \(hint)" }
            if let stack = record.stack { line += "\n          stack: \(stack.prefix(300))" }
            print(line)
        }
    }

    private static func seconds(_ value: Double) -> String { String(format: "%.2f s", value) }
}
