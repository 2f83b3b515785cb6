import GPU
import Testing

@Suite struct DeviceSelectionTests {
    private static let whole = GPUReport(gpus: [
        .init(index: 0, uuid: "GPU-aaaa1111-22", name: "A", memoryTotal: 100, memoryUsed: 1, memoryFree: 99),
        .init(index: 1, uuid: "GPU-aabb1111-22", name: "A", memoryTotal: 100, memoryUsed: 2, memoryFree: 98),
        .init(index: 2, uuid: "GPU-cccc1111-22", name: "A", memoryTotal: 100, memoryUsed: 3, memoryFree: 97),
    ])
    private static let divided = GPUReport(gpus: [
        .init(
            index: 0, uuid: "GPU-aaaa", name: "A",
            slices: [
                .init(index: 0, uuid: "MIG-1111-1", name: "A 1g", memoryTotal: 10, memoryUsed: 1, memoryFree: 9),
                .init(index: 3, uuid: "MIG-1122-2", name: "A 1g", memoryTotal: 10, memoryUsed: 2, memoryFree: 8),
            ]),
        .init(index: 1, uuid: "GPU-bbbb", name: "A", slices: []),
        .init(index: 2, uuid: "GPU-cccc", name: "A", memoryTotal: 100, memoryUsed: 3, memoryFree: 97),
    ])

    @Test(
        arguments: [
            (nil, [0, 1, 2]),
            ("", []), ("-1", []), ("NoDevFiles", []), (" ", []),
            ("0", [0]), ("2,0", [2, 0]), (" 1 , 2 ", [1, 2]), ("+1", []),
            // The first entry that names nothing ends the list.
            ("0,2,-1,1", [0, 2]), ("0,3,1", [0]), ("7", []), ("0,,1", [0]), ("all", []), ("none", []),
            ("99999999999999999999,0", []),
            // As strtoul(3) reads.
            ("1gpu2,2ampere", [1, 2]), ("00", [0]),
            // Named twice: no device at all.
            ("0,0", []), ("1,2,01", []), ("GPU-cccc,GPU-cccc1", []),
            ("GPU-aaaa1111-22", [0]), ("GPU-cccc,GPU-aab", [2, 1]), ("GPU-aaaa,GPU-dddd,GPU-cccc", [0]),
            // Ambiguous beginnings name nothing.
            ("GPU-aa", []), ("GPU-", []), ("GPU-cccc1111-22-33", []), ("gpu-cccc", []),
            // A list keeps to its kind.
            ("0,GPU-cccc", [0]), ("GPU-cccc,0", [2]), ("MIG-1111", []),
        ] as [(String?, [Int])])
    func choosesWholeGPUs(variable: String?, expected: [Int]) {
        let selected = DeviceSelection(variable).select(from: Self.whole)
        #expect(selected.devices.map(\.index) == expected)
    }

    @Test(
        arguments: [
            // A GPU that is named stands for its first slice; one without a slice for nothing.
            (nil, ["MIG-1111-1", "GPU-cccc"]), ("0", ["MIG-1111-1"]), ("GPU-aaaa", ["MIG-1111-1"]),
            ("0,1,2", ["MIG-1111-1"]), ("2", ["GPU-cccc"]),
            ("MIG-1122-2", ["MIG-1122-2"]), ("MIG-1122", ["MIG-1122-2"]), ("MIG-11", []), ("MIG-9999", []),
            ("MIG-1122,MIG-1111", ["MIG-1122-2", "MIG-1111-1"]), ("MIG-1111,MIG-1111", []),
        ] as [(String?, [String])])
    func choosesSlices(variable: String?, expected: [String]) {
        let selected = DeviceSelection(variable).select(from: Self.divided)
        #expect(selected.devices.map(\.uuid) == expected)
    }

    @Test func saysWhatIsNotSeen() {
        func problem(_ variable: String?) -> String? {
            DeviceSelection(variable).select(from: Self.whole).problem
        }
        #expect(problem(nil) == nil)
        #expect(problem("") == nil)
        #expect(problem("-1") == nil)
        #expect(problem("1,0") == nil)
        #expect(
            problem("0,7,1")
                == "CUDA_VISIBLE_DEVICES names \"7\", which is no device here: it and what follows it is not seen")
        #expect(problem("7") == "CUDA_VISIBLE_DEVICES names \"7\", which is no device here: no GPU is seen")
        #expect(problem("1,1") == "CUDA_VISIBLE_DEVICES names \"1\" twice: no GPU is seen")
    }

    @Test func withoutDevicesNothingIsChosen() {
        #expect(DeviceSelection(nil).select(from: GPUReport()).devices.isEmpty)
        #expect(DeviceSelection("0").select(from: GPUReport()).devices.isEmpty)
    }
}
