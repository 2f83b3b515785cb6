import EngineClient
import Testing

/// An engine that works on so many requests at once, each for the same time, and keeps the rest in a queue; and documents
/// without end in front of it. Time goes in steps of 10 ms.
private struct World {
    var capacity: Int
    /// Steps from a request's start to its end.
    var service: Int
    /// Steps from sending to the engine's queue.
    var preparation = 0
    var showsQueue = true
    /// Beyond so many at once it says "not now".
    var refusesBeyond = Int.max
    var controller: ConcurrencyController
    /// Requests of somebody else in the engine's queue.
    var strangers = 0

    private(set) var step = 0
    private var preparing: [Int] = []
    private var waiting = 0
    private var running: [Int] = []
    private var nextLook = 0
    private(set) var answered = 0
    private(set) var mostWaiting = 0
    /// Places at the end of each second.
    private(set) var history: [Int] = []
    private static let start = ContinuousClock.now

    init(capacity: Int, service: Int, ceiling: Int) {
        self.capacity = capacity
        self.service = service
        controller = ConcurrencyController(ceiling: ceiling)
    }

    private var now: ContinuousClock.Instant { Self.start + .milliseconds(10 * step) }
    private var inside: Int { preparing.count + waiting + running.count }

    mutating func run(seconds: Int) {
        for _ in 0..<(seconds * 100) { tick() }
    }

    private mutating func tick() {
        step += 1
        let done = running.count { $0 <= step }
        running.removeAll { $0 <= step }
        answered += done
        for _ in 0..<done { controller.seeAnswer(isFull: inside >= controller.places - done, at: now) }
        let ready = preparing.count { $0 <= step }
        preparing.removeAll { $0 <= step }
        waiting += ready
        while inside < controller.places {
            guard inside < refusesBeyond else {
                controller.seeRefusal(at: now)
                break
            }
            preparing.append(step + preparation)
            if preparation == 0 {
                preparing.removeLast()
                waiting += 1
            }
        }
        while waiting > 0, running.count < capacity {
            waiting -= 1
            running.append(step + service)
        }
        if step > 2000 { mostWaiting = max(mostWaiting, waiting) }
        if showsQueue, step >= nextLook {
            let queue = EngineQueue(running: running.count, waiting: waiting + strangers)
            controller.see(queue, inside: inside, isFull: inside >= controller.places, at: now)
            nextLook = step + Int(controller.pause(at: now) / .milliseconds(10))
        }
        if step.isMultiple(of: 100) { history.append(controller.places) }
    }

    /// Of what the engine could have done.
    func share(from answeredBefore: Int, steps: Int) -> Double {
        Double((answered - answeredBefore) * service) / Double(steps * capacity)
    }
}

@Suite struct ConcurrencyControllerTests {
    @Test(arguments: [2, 5, 10, 20, 33, 48, 60], [10, 50, 300])
    func placesBecomeWhatTheEngineCanDoAndAFewMore(_ capacity: Int, _ service: Int) {
        var world = World(capacity: capacity, service: service, ceiling: 64)
        world.run(seconds: 10)
        let before = world.answered
        world.run(seconds: 50)
        #expect(world.share(from: before, steps: 5000) >= 0.95)
        // Never idle, never flooded, and at rest.
        for places in world.history.dropFirst(10) {
            #expect(places >= min(capacity + 1, 64) && places <= min(capacity + 11, 64))
        }
        #expect(Set(world.history.suffix(30)).count <= 2)
        if service <= 50 { #expect(world.mostWaiting <= 11) }
    }

    @Test func aStrongEngineHasTheCeilingAtOnce() {
        var world = World(capacity: 500, service: 50, ceiling: 256)
        world.run(seconds: 1)
        #expect(world.history == [256])
        var small = World(capacity: 64, service: 50, ceiling: 64)
        small.run(seconds: 4)
        // The first batch is what a slow beginning costs.
        #expect(small.share(from: 0, steps: 350) >= 0.95)
    }

    @Test func picturesThatAreBeingPreparedHoldTheDoublingUpButNotTheGrowth() {
        var world = World(capacity: 200, service: 10, ceiling: 64)
        world.preparation = 200
        world.run(seconds: 1)
        #expect(world.history.allSatisfy { $0 <= 36 })
        world.run(seconds: 14)
        #expect(world.history.last == 64)
    }

    @Test func capacityThatChangesIsFollowed() {
        var world = World(capacity: 48, service: 50, ceiling: 64)
        world.run(seconds: 20)
        world.capacity = 12
        world.run(seconds: 20)
        #expect(world.history.suffix(5).allSatisfy { (13...23).contains($0) })
        world.capacity = 48
        world.run(seconds: 20)
        #expect(world.history.suffix(5).allSatisfy { (49...59).contains($0) })
    }

    /// Requests that have just come wait for a step of the engine; that is no queue.
    @Test func aBurstIsNoQueue() {
        var controller = ConcurrencyController(ceiling: 64)
        let start = ContinuousClock.now
        controller.see(EngineQueue(running: 0, waiting: 32), inside: 32, isFull: true, at: start)
        controller.see(EngineQueue(running: 32, waiting: 0), inside: 32, isFull: true, at: start + .seconds(1))
        #expect(controller.places >= 32)
        controller.see(EngineQueue(running: 20, waiting: 12), inside: 32, isFull: true, at: start + .seconds(2))
        controller.see(EngineQueue(running: 20, waiting: 16), inside: 36, isFull: true, at: start + .seconds(3))
        #expect(controller.places == 26)
    }

    @Test func strangersInTheQueueLeaveTwoPlaces() {
        var world = World(capacity: 10, service: 50, ceiling: 64)
        world.strangers = 500
        world.run(seconds: 20)
        #expect(world.history.last == 2)
        world.strangers = 0
        world.run(seconds: 20)
        #expect((world.history.last ?? 0) >= 11)
    }

    @Test func engineWithoutAQueueToSeeHasTheCeiling() {
        var controller = ConcurrencyController(ceiling: 200)
        #expect(controller.places == 32)
        controller.seeNoQueue(at: .now)
        #expect(controller.places == 200)
        #expect(ConcurrencyController(ceiling: 3).places == 3)
    }

    @Test func refusalsHalveOnceASecondAndGrowthComesBack() {
        var controller = ConcurrencyController(ceiling: 64)
        let start = ContinuousClock.now
        controller.seeNoQueue(at: start)
        for _ in 0..<10 { controller.seeRefusal(at: start) }
        #expect(controller.places == 32)
        for second in 1...10 { controller.seeRefusal(at: start + .seconds(second)) }
        #expect(controller.places == 1)
        // It stays so for an engine that is found once more to show no queue, and grows with its answers.
        controller.seeNoQueue(at: start + .seconds(11))
        #expect(controller.places == 1)
        for hundredth in 0..<300 {
            controller.seeAnswer(isFull: true, at: start + .seconds(12) + .milliseconds(10 * hundredth))
        }
        #expect((9...17).contains(controller.places))
        for second in 20...30 { controller.seeAnswer(isFull: false, at: start + .seconds(second)) }
        #expect((9...17).contains(controller.places))
        controller.restart()
        #expect(controller.places == 32)
    }

    @Test func engineThatRefusesIsKeptBusyWithoutAQueueToSee() {
        var world = World(capacity: 40, service: 50, ceiling: 64)
        world.showsQueue = false
        world.refusesBeyond = 40
        world.controller.seeNoQueue(at: .now)
        world.run(seconds: 60)
        #expect(world.share(from: 0, steps: 6000) >= 0.7)
    }

    @Test func engineWhoseQueueIsNotSeenAnyMoreGrowsWithItsAnswers() {
        var controller = ConcurrencyController(ceiling: 64)
        let start = ContinuousClock.now
        for second in 0...20 { controller.seeAnswer(isFull: true, at: start + .seconds(second)) }
        #expect(controller.places == 64)
    }
}

@Suite struct EngineQueueTests {
    @Test func vLLMsWordsAreRead() {
        let text = """
            # HELP vllm:num_requests_running Number of requests in model execution batches.
            # TYPE vllm:num_requests_running gauge
            vllm:num_requests_running{engine="0",model_name="Paddle}OCR \\"VL\\" {"} 12.0
            vllm:num_requests_running{engine="1",model_name="PaddleOCR-VL"} 3
            vllm:num_requests_waiting_by_reason{reason="capacity"} 99.0
            vllm:num_requests_waiting{engine="0"} 4.0 1395066363000
            vllm:num_requests_waiting{engine="1"}\t1e0
            vllm:kv_cache_usage_perc{engine="0"} 0.5
            """
        #expect(EngineQueue(metrics: Array(text.utf8)) == EngineQueue(running: 15, waiting: 5))
        #expect(
            EngineQueue(metrics: Array(text.replacing("\n", with: "\r\n").utf8))
                == EngineQueue(running: 15, waiting: 5))
    }

    @Test func sGLangsWordsAreRead() {
        let text = "sglang:num_running_reqs{model_name=\"x\"} 7.0\nsglang:num_queue_reqs{model_name=\"x\"} 2.0\n"
        #expect(EngineQueue(metrics: Array(text.utf8)) == EngineQueue(running: 7, waiting: 2))
        #expect(EngineQueue(metrics: Array("sglang:num_queue_reqs 2".utf8)) == EngineQueue(running: nil, waiting: 2))
    }

    @Test(arguments: [
        "", "\n\n", "{\"data\":[]}", "vllm:num_requests_running 3", "vllm:num_requests_waiting",
        "vllm:num_requests_waiting{", "vllm:num_requests_waiting{a=\"} 3", "vllm:num_requests_waiting{} NaN",
        "vllm:num_requests_waiting -1", "vllm:num_requests_waiting +Inf", "vllm:num_requests_waiting x",
        "# vllm:num_requests_waiting 3", " vllm:num_requests_waiting 3", "vllm:num_requests_waiting3",
        "vllm:num_requests_waiting{a=\"\\\"} 3",
    ])
    func whatSaysNothingIsNoQueue(_ text: String) {
        #expect(EngineQueue(metrics: Array(text.utf8)) == nil)
    }

    @Test func hugeNumbersAreBounded() {
        #expect(EngineQueue(metrics: Array("vllm:num_requests_waiting 1e300".utf8))?.waiting == 1_000_000)
        let many = String(repeating: "vllm:num_requests_waiting 1\n", count: 1000)
        #expect(EngineQueue(metrics: Array(many.utf8))?.waiting == 1000)
    }
}
