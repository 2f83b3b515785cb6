import FoundationEssentials
import Readable

/// What `coxswain gpu --json` says about the GPUs of this container at one moment.
///
/// Whatever is wrong is part of the report: no GPU, no driver, no permission. PID 1 never loads NVML itself; it starts that
/// command and reads this.
package struct GPUReport: Codable, Sendable, Equatable {
    /// Version of the kernel driver, for example `550.54.15`; nil where it cannot be asked.
    package var driver: String?
    /// The GPUs that can be opened here, in NVML's order, which is that of the PCI bus.
    package var gpus: [Device]
    /// Why there is nothing here, or not all, as one sentence; nil when nothing is missing.
    package var problem: String?

    package init(driver: String? = nil, gpus: [Device] = [], problem: String? = nil) {
        self.driver = driver
        self.gpus = gpus
        self.problem = problem
    }

    /// A GPU, or one slice of a GPU that is divided (MIG: multi-instance GPU).
    package struct Device: Codable, Sendable, Equatable {
        /// NVML's number: of the GPU in this container, or of the slice in its GPU.
        package var index: Int
        /// `GPU-…` or `MIG-…`; empty where it cannot be asked.
        package var uuid: String
        package var name: String
        /// In bytes; nil where this process may not know, as for a whole GPU that is divided.
        package var memoryTotal: UInt64?
        /// In bytes, what the driver keeps for itself included.
        package var memoryUsed: UInt64?
        /// In bytes.
        package var memoryFree: UInt64?
        /// The slices of a divided GPU that this container sees; nil where the GPU is whole.
        package var slices: [Device]?

        package init(
            index: Int, uuid: String, name: String, memoryTotal: UInt64? = nil, memoryUsed: UInt64? = nil,
            memoryFree: UInt64? = nil, slices: [Device]? = nil
        ) {
            self.index = index
            self.uuid = uuid
            self.name = name
            self.memoryTotal = memoryTotal
            self.memoryUsed = memoryUsed
            self.memoryFree = memoryFree
            self.slices = slices
        }
    }

    /// On one line, keys sorted.
    package var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings and integers only: their encoding has no way to fail.
        guard let data = try? encoder.encode(self) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }

    /// Reads what the command wrote. Output that is no report becomes a report that says so.
    package static func parse(_ output: some Sequence<UInt8>) -> GPUReport {
        let data = Data(output)
        if let report = try? JSONDecoder().decode(GPUReport.self, from: data) { return report }
        let what = data.isEmpty ? "ended without a word" : "wrote \(data.count) bytes that are no report"
        return GPUReport(problem: "the program that asks NVML \(what); try `coxswain gpu` in this container")
    }
}

// MARK: - For people

extension GPUReport {
    /// One line for a log: `2 × NVIDIA H100 (79.6 GiB), driver 550.54.15`.
    package var summary: String {
        var groups: [(text: String, count: Int)] = []
        for gpu in gpus.flatMap({ $0.slices ?? [$0] }) {
            let text = gpu.name + (gpu.memoryTotal.map { " (\(ByteCount.text($0)))" } ?? "")
            if let index = groups.firstIndex(where: { $0.text == text }) {
                groups[index].count += 1
            } else {
                groups.append((text, 1))
            }
        }
        let devices = groups.map { $0.count == 1 ? $0.text : "\($0.count) × \($0.text)" }
        let parts = (devices.isEmpty ? ["no GPU"] : devices) + (driver.map { ["driver \($0)"] } ?? [])
        return parts.joined(separator: ", ") + (problem.map { ": \($0)" } ?? "")
    }

    /// A small table, without a line break at its end.
    package var table: String {
        var lines = driver.map { ["driver \($0)"] } ?? []
        for gpu in gpus {
            lines.append(Self.row("\(gpu.index)", gpu))
            lines += (gpu.slices ?? []).map { Self.row("\(gpu.index).\($0.index)", $0) }
        }
        if gpus.isEmpty { lines.append("no GPU") }
        if let problem { lines.append(problem) }
        return lines.joined(separator: "\n")
    }

    private static func row(_ number: String, _ device: Device) -> String {
        let memory =
            if let used = device.memoryUsed, let total = device.memoryTotal {
                "\(ByteCount.text(used)) of \(ByteCount.text(total)) used"
            } else if device.slices != nil {
                "divided"
            } else {
                "memory not known"
            }
        return "\(number)  \(device.name)  \(memory)  \(device.uuid)"
    }
}
