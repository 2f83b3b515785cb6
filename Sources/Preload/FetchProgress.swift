import Readable

/// How far the fetching of one model is.
package struct FetchProgress: Sendable, Equatable {
    package enum Phase: String, Sendable {
        case asking, downloading, copying, unpacking, publishing
        case checking = "verifying"
        /// Somebody else downloads it.
        case waiting = "waiting for another container"
    }

    package var model: String
    package var phase: Phase
    package var bytesDone: Int64
    package var bytesTotal: Int64?
    /// Bytes a second.
    package var rate: Double?
    package var secondsLeft: Double?
    /// Seconds for which nothing is done on purpose: what a host asked for, or after a failure.
    package var pause: Double?

    package init(model: String, phase: Phase, bytesDone: Int64 = 0, bytesTotal: Int64? = nil) {
        self.model = model
        self.phase = phase
        self.bytesDone = bytesDone
        self.bytesTotal = bytesTotal
    }

    /// 0…1; nil where the whole is not known.
    package var fraction: Double? {
        guard let bytesTotal, bytesTotal > 0 else { return nil }
        return min(1, max(0, Double(bytesDone) / Double(bytesTotal)))
    }

    /// For example `downloading PaddleOCR-VL-1.5: 412 MiB of 1.9 GiB (21 %), 85 MiB/s, 18 s left`.
    package var text: String {
        let text =
            phase == .waiting
            ? "waiting for \(model), which another container downloads" : "\(phase.rawValue) \(model)"
        let amounts = amounts
        return amounts.isEmpty ? text : "\(text): \(amounts)"
    }

    /// The numbers alone, for example `412 MiB of 1.9 GiB (21 %), 85 MiB/s, 18 s left`; empty where none is known.
    package var amounts: String {
        var amounts: [String] = []
        if let bytesTotal, bytesTotal > 0 {
            let percent = fraction.map { " (\(Int($0 * 100)) %)" } ?? ""
            amounts.append("\(ByteCount.text(bytesDone)) of \(ByteCount.text(bytesTotal))\(percent)")
        } else if bytesDone > 0 {
            amounts.append(ByteCount.text(bytesDone))
        }
        if let pause {
            amounts.append("going on in \(TimeSpan.text(pause))")
        } else if let rate {
            amounts.append("\(ByteCount.text(Int64(rate)))/s")
        }
        if let secondsLeft, pause == nil { amounts.append("\(TimeSpan.text(secondsLeft)) left") }
        return amounts.joined(separator: ", ")
    }
}
