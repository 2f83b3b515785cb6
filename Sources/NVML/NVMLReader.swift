import CNVML
package import GPU

/// Asks NVIDIA's management library about the GPUs.
///
/// For a short-lived process only, never for PID 1: this loads a vendor's library, and each of its calls may wait in the
/// driver without end.
package enum NVMLReader {
    /// Never fails: what cannot be read is in the report's `problem`.
    package static func read() -> GPUReport {
        if let words = load() {
            return GPUReport(
                problem: "NVML is not there (\(words)): is this container run with a GPU "
                    + "(docker run --gpus all, or the Kubernetes limit nvidia.com/gpu)?")
        }
        let code = cnvml_start()
        guard code == CNVML_SUCCESS else { return GPUReport(problem: "NVML does not start: \(explain(code))") }

        var report = GPUReport(driver: text { cnvml_driver_version($0, $1) })
        var count: UInt32 = 0
        let counted = cnvml_count(&count)
        guard counted == CNVML_SUCCESS else {
            report.problem = "NVML does not tell how many GPUs there are: \(explain(counted))"
            return report
        }
        guard count > 0 else {
            report.problem =
                "the driver has no GPU: it was taken out, or has fallen off its bus (see dmesg on the host)"
            return report
        }
        var problems: [String] = []
        for index in 0..<count {
            var handle: OpaquePointer?
            let opened = cnvml_open(index, &handle)
            guard opened == CNVML_SUCCESS, let handle else {
                problems.append("GPU \(index) cannot be opened: \(explain(opened))")
                continue
            }
            report.gpus.append(gpu(Int(index), handle, &problems))
        }
        if !problems.isEmpty { report.problem = problems.joined(separator: "; ") }
        return report
    }

    private static func gpu(_ index: Int, _ handle: OpaquePointer, _ problems: inout [String]) -> GPUReport.Device {
        var (device, code) = device(index, handle)
        if device.name.isEmpty { device.name = "GPU" }
        device.slices = slices(of: handle, name: device.name, index, &problems)
        if code != CNVML_SUCCESS {
            // A divided GPU tells its whole memory only to the host's root; its slices are what counts.
            let isExpected = code == CNVML_NO_PERMISSION && device.slices?.isEmpty == false
            if !isExpected { problems.append("the memory of GPU \(index) cannot be read: \(explain(code))") }
        }
        return device
    }

    /// - Returns: nil where the GPU is whole.
    private static func slices(
        of handle: OpaquePointer, name: String, _ index: Int, _ problems: inout [String]
    ) -> [GPUReport.Device]? {
        var divided: UInt32 = 0
        var capacity: UInt32 = 0
        // Cards and drivers that cannot divide say "not supported", or lack the function.
        guard cnvml_is_divided(handle, &divided) == CNVML_SUCCESS, divided != 0 else { return nil }
        guard cnvml_slice_capacity(handle, &capacity) == CNVML_SUCCESS else { return [] }
        var slices: [GPUReport.Device] = []
        for number in 0..<capacity {
            var slice: OpaquePointer?
            let opened = cnvml_open_slice(handle, number, &slice)
            if opened == CNVML_NOT_FOUND { continue }
            guard opened == CNVML_SUCCESS, let slice else {
                problems.append("slice \(number) of GPU \(index) cannot be opened: \(explain(opened))")
                continue
            }
            var (device, code) = device(Int(number), slice)
            if device.name.isEmpty { device.name = "slice of \(name)" }
            slices.append(device)
            if code != CNVML_SUCCESS {
                problems.append("the memory of slice \(number) of GPU \(index) cannot be read: \(explain(code))")
            }
        }
        if slices.isEmpty {
            problems.append("GPU \(index) is divided (MIG), and no slice of it is given to this container")
        }
        return slices
    }

    /// - Returns: the device, and what the library said when it was asked for its memory.
    private static func device(_ index: Int, _ handle: OpaquePointer) -> (GPUReport.Device, CInt) {
        var device = GPUReport.Device(
            index: index, uuid: text { cnvml_uuid(handle, $0, $1) } ?? "",
            name: text { cnvml_name(handle, $0, $1) } ?? "")
        var memory = cnvml_memory()
        let code = cnvml_memory(handle, &memory)
        if code == CNVML_SUCCESS {
            device.memoryTotal = memory.total
            device.memoryUsed = memory.used
            device.memoryFree = memory.free
        }
        return (device, code)
    }

    /// - Returns: what the loader says when it fails.
    private static func load() -> String? {
        var words = [CChar](repeating: 0, count: 512)
        return cnvml_load(&words, words.count) == 0 ? nil : string(words)
    }

    private static func text(_ call: (UnsafeMutablePointer<CChar>, UInt32) -> CInt) -> String? {
        // NVML's longest text, a UUID of version 2, has 96 bytes.
        var buffer = [CChar](repeating: 0, count: 128)
        let capacity = UInt32(buffer.count)
        let code = buffer.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.map { call($0, capacity) }
        }
        return code == CInt(CNVML_SUCCESS) ? string(buffer) : nil
    }

    private static func string(_ buffer: [CChar]) -> String {
        String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// NVML's words, and what to do where that is known.
    private static func explain(_ code: CInt) -> String {
        let words = String(cString: cnvml_error(code))
        switch Int(code) {
        case CNVML_NO_PERMISSION:
            return "\(words): this user or container may not; check the device files /dev/nvidia*"
        case CNVML_DRIVER_NOT_LOADED:
            return "\(words): load the NVIDIA driver on the host, and look there with nvidia-smi"
        case CNVML_VERSION_MISMATCH:
            return "\(words): the host's driver was upgraded under this container; start the container anew"
        default:
            return "\(words) (\(code))"
        }
    }
}
