/// Which GPUs a service uses, as CUDA_VISIBLE_DEVICES in its environment says.
///
/// The variable's rules are CUDA's (CUDA C++ Programming Guide, "CUDA Environment Variables"): a list of numbers, or of
/// UUIDs or unambiguous beginnings of them; the first entry that names nothing ends the list, and what follows is not seen.
///
/// Two things differ from CUDA where the cards of one machine differ: numbers count in the order of the PCI bus, as NVML
/// does, and CUDA so only with CUDA_DEVICE_ORDER=PCI_BUS_ID; by default it counts the fastest card first. UUIDs are
/// always exact. NVIDIA_VISIBLE_DEVICES is the container runtime's: what it leaves out does not exist in here.
package enum DeviceSelection: Sendable, Equatable {
    /// The variable is not set.
    case all
    /// Entries in their order, trimmed. No entry: no device.
    case listed([String])

    /// - Parameter variable: the value of CUDA_VISIBLE_DEVICES; nil where it is not set.
    package init(_ variable: String?) {
        guard let variable else {
            self = .all
            return
        }
        let entries = variable.split(separator: ",", omittingEmptySubsequences: false).map(Self.trimmed)
        self = .listed(entries == [""] ? [] : entries)
    }

    package struct Selected: Sendable, Equatable {
        /// In the order in which CUDA counts them. Of a GPU that is divided, the slice: CUDA takes the first one where the
        /// GPU itself is named.
        package var devices: [GPUReport.Device]
        /// Why fewer devices are seen than are listed, as one sentence; nil when all are.
        package var problem: String?
    }

    package func select(from report: GPUReport) -> Selected {
        switch self {
        case .all: Selected(devices: report.gpus.compactMap(Self.usable), problem: nil)
        case .listed(let entries): Self.select(entries, from: report.gpus)
        }
    }

    private static func select(_ entries: [String], from gpus: [GPUReport.Device]) -> Selected {
        // -1 and NoDevFiles are the usual ways to say "none": names of nothing, at the head of the list.
        if let first = entries.first, first == "-1" || first == "NoDevFiles" { return Selected(devices: []) }
        let kind = entries.first.map(Kind.init)
        var chosen: [GPUReport.Device] = []
        for entry in entries {
            guard Kind(entry) == kind, let device = find(entry, in: gpus) else {
                let rest = chosen.isEmpty ? "no GPU is seen" : "it and what follows it is not seen"
                return Selected(
                    devices: chosen,
                    problem: "CUDA_VISIBLE_DEVICES names \"\(entry)\", which is no device here: \(rest)")
            }
            // CUDA then shows no device at all.
            if chosen.contains(device) {
                return Selected(
                    devices: [], problem: "CUDA_VISIBLE_DEVICES names \"\(entry)\" twice: no GPU is seen")
            }
            chosen.append(device)
        }
        return Selected(devices: chosen)
    }

    /// A list keeps to the kind of its first entry.
    private enum Kind: Equatable {
        case number, gpu, slice

        init(_ entry: String) {
            self = entry.hasPrefix("GPU-") ? .gpu : entry.hasPrefix("MIG-") ? .slice : .number
        }
    }

    private static func find(_ entry: String, in gpus: [GPUReport.Device]) -> GPUReport.Device? {
        switch Kind(entry) {
        case .number:
            // As strtoul(3) reads: what follows the digits is of no account.
            guard let number = Int(entry.prefix { $0.isASCII && $0.isNumber }), gpus.indices.contains(number) else {
                return nil
            }
            return usable(gpus[number])
        case .gpu:
            return onlyOne(gpus.filter { $0.uuid.hasPrefix(entry) }).flatMap(usable)
        case .slice:
            return onlyOne(gpus.flatMap { $0.slices ?? [] }.filter { $0.uuid.hasPrefix(entry) })
        }
    }

    private static func usable(_ gpu: GPUReport.Device) -> GPUReport.Device? {
        gpu.slices.map(\.first) ?? gpu
    }

    private static func onlyOne(_ devices: [GPUReport.Device]) -> GPUReport.Device? {
        devices.count == 1 ? devices[0] : nil
    }

    private static func trimmed(_ entry: Substring) -> String {
        let head = entry.drop(while: \.isWhitespace)
        let end = head.lastIndex { !$0.isWhitespace }
        return end.map { String(head[...$0]) } ?? ""
    }
}
