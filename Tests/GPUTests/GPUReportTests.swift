import GPU
import Testing

@Suite struct GPUReportTests {
    private let report = GPUReport(
        driver: "550.54.15",
        gpus: [
            .init(
                index: 0, uuid: "GPU-a", name: "NVIDIA H100", memoryTotal: 85_520_809_984, memoryUsed: 600 << 20,
                memoryFree: 1),
            .init(
                index: 1, uuid: "GPU-b", name: "NVIDIA A100",
                slices: [
                    .init(
                        index: 2, uuid: "MIG-c", name: "NVIDIA A100 MIG 3g.20gb", memoryTotal: 20 << 30,
                        memoryUsed: 1 << 30, memoryFree: 19 << 30)
                ]),
            .init(index: 2, uuid: "GPU-d", name: "NVIDIA H100"),
        ], problem: "the memory of GPU 2 cannot be read")

    @Test func goesThroughJSON() {
        #expect(GPUReport.parse(report.json.utf8) == report)
        #expect(GPUReport.parse(GPUReport().json.utf8) == GPUReport())
        #expect(!report.json.contains("\n"))
    }

    @Test(arguments: ["", "{", "[]", "Segmentation fault", "{\"gpus\":7}", "\u{0}"])
    func whatIsNoReportIsSaid(output: String) {
        let report = GPUReport.parse(output.utf8)
        #expect(report.gpus.isEmpty && report.driver == nil)
        #expect(report.problem?.hasPrefix("the program that asks NVML ") == true)
    }

    @Test func isALineForTheLog() {
        #expect(
            report.summary
                == "NVIDIA H100 (79.6 GiB), NVIDIA A100 MIG 3g.20gb (20 GiB), NVIDIA H100, driver 550.54.15: "
                + "the memory of GPU 2 cannot be read")
        var twins = GPUReport(gpus: [report.gpus[0], report.gpus[0]])
        #expect(twins.summary == "2 × NVIDIA H100 (79.6 GiB)")
        twins.gpus = []
        #expect(twins.summary == "no GPU")
    }

    @Test func isATableForPeople() {
        #expect(
            report.table == """
                driver 550.54.15
                0  NVIDIA H100  600 MiB of 79.6 GiB used  GPU-a
                1  NVIDIA A100  divided  GPU-b
                1.2  NVIDIA A100 MIG 3g.20gb  1 GiB of 20 GiB used  MIG-c
                2  NVIDIA H100  memory not known  GPU-d
                the memory of GPU 2 cannot be read
                """)
        #expect(GPUReport().table == "no GPU")
    }
}
