import Readable

extension LifeMarker {
    /// How the life that left this marker ended, and what to do about it, in one sentence or two.
    ///
    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - boot: this start of the machine.
    package func story(now: Int, boot: String?) -> String {
        var facts: [String] = []
        // Shorter than it lasted: it ended some time after the last word.
        if began > 0, written > began { facts.append("at least \(Self.duration(written - began)) long") }
        if !phase.isEmpty { facts.append("last phase \(phase)") }
        // A clock that was set back says nothing.
        if written > 0, now >= written { facts.append("last heard of \(Self.duration(now - written)) ago") }
        let life = "the last life of this container" + (facts.isEmpty ? "" : " (\(facts.joined(separator: ", ")))")
        return "\(life) ended without a word: \(cause(boot: boot))"
    }

    private func cause(boot: String?) -> String {
        if let before = self.boot, let boot, before != boot {
            return "the machine was started anew since, or the container moved to another one"
        }
        if phase == "draining" {
            return "it was killed while it stopped; give it more time (docker stop --time, stop_grace_period, "
                + "terminationGracePeriodSeconds) than shutdown-grace, or lower shutdown-grace"
        }
        guard let limit = memory.limit, limit > 0 else {
            return "it was killed from outside, or by the kernel because the machine had no memory left"
        }
        let use = memory.used.map {
            "\(ByteCount.text($0)) of \(ByteCount.text(limit)) were in use when it was last looked at"
        }
        let figures = use ?? "the memory limit is \(ByteCount.text(limit))"
        let advice =
            "give the container more memory, or let the engine take less (for vLLM --max-model-len, --max-num-seqs)"
        if memory.diesTogether == true {
            return
                "probably killed by the kernel for want of memory, as a whole since memory.oom.group is set: \(figures); "
                + "if so, \(advice)"
        }
        if let used = memory.used, Double(used) >= 0.8 * Double(limit) {
            return "probably killed for want of memory: \(figures); \(advice)"
        }
        return "it was killed from outside, or by the kernel for want of memory: \(figures)"
    }

    /// The two largest units, for example `3 h 2 min`, `12 s`.
    package static func duration(_ seconds: Int) -> String {
        let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60)
        if days > 0 { return hours > 0 ? "\(days) d \(hours) h" : "\(days) d" }
        if hours > 0 { return minutes > 0 ? "\(hours) h \(minutes) min" : "\(hours) h" }
        if minutes > 0 { return seconds % 60 > 0 ? "\(minutes) min \(seconds % 60) s" : "\(minutes) min" }
        return "\(seconds) s"
    }
}
