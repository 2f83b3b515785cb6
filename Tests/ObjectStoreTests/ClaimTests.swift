import Foundation
import ObjectStore
import StoreSettings
import TestSupport
import Testing
import WebCalls

/// Objects that replace no other.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct ClaimTests {
    private static let key = "результаты/a b.md"
    /// In one request, and in parts.
    private static let sizes = [100_000, 600_000]

    private func put(
        _ bytes: [UInt8], as mark: String?, _ host: FaultyStore
    ) throws -> Result<ObjectStore.Placement, TransferError> {
        try Putting.placed(bytes, host.store, to: "s3://bucket/\(Self.key)", mark: mark)
    }

    private func count(_ method: String, _ host: FaultyStore) -> Int { host.requests.count { $0.method == method } }

    @Test(arguments: sizes) func whoWasThereFirstStays(_ size: Int) throws {
        let host = try FaultyStore()
        let (first, second) = (Putting.bytes(size, seed: 1), Putting.bytes(size, seed: 2))
        #expect(try put(first, as: "one", host) == .success(.stored))
        #expect(try put(second, as: "two", host) == .success(.taken))
        #expect(try host.object(Self.key) == first && host.uploads().isEmpty)
        // What is there already is not sent again.
        let before = count("PUT", host)
        #expect(try put(first, as: "one", host) == .success(.stored))
        #expect(count("PUT", host) == before)
        // Without a mark nobody asks.
        #expect(try put(second, as: nil, host) == .success(.stored))
        #expect(try host.object(Self.key) == second)
        #expect(try put(first, as: "one", host) == .success(.taken))
    }

    /// Another one is faster, between the look and the upload.
    @Test(arguments: sizes) func theConditionHoldsWhereTheLookDoesNot(_ size: Int) throws {
        let host = try FaultyStore([["match": "^HEAD", "times": 2, "do": "status", "status": 404]])
        let (first, second) = (Putting.bytes(size, seed: 1), Putting.bytes(size, seed: 2))
        #expect(try put(first, as: "one", host) == .success(.stored))
        #expect(try put(second, as: "two", host) == .success(.taken))
        #expect(try host.object(Self.key) == first && host.uploads().isEmpty)
    }

    /// A key that may write and not read.
    @Test(arguments: sizes) func whoMayNotLookIsToldAllTheSame(_ size: Int) throws {
        let host = try FaultyStore([["match": "^HEAD", "do": "status", "status": 403]])
        let (first, second) = (Putting.bytes(size, seed: 1), Putting.bytes(size, seed: 2))
        #expect(try put(first, as: "one", host) == .success(.stored))
        #expect(try put(second, as: "two", host) == .success(.taken))
        #expect(try host.object(Self.key) == first)
    }

    @Test(arguments: sizes) func anAnswerThatIsLostIsNoOtherObject(_ size: Int) throws {
        let host = try FaultyStore([["match": "^(PUT [^?]*$|POST .*uploadId)", "times": 1, "do": "lost"]])
        let bytes = Putting.bytes(size)
        #expect(try put(bytes, as: "one", host) == .success(.stored))
        #expect(try host.object(Self.key) == bytes)
    }

    /// As OpenStack Swift does; as one that cannot read the condition does.
    @Test(arguments: [(501, "NotImplemented"), (400, "InvalidArgument")], sizes)
    func aStoreThatKnowsNoConditionsIsLookedInto(_ refusal: (status: Int, code: String), _ size: Int) throws {
        let host = try FaultyStore([
            ["match": "", "header": "if-none-match", "do": "status", "status": refusal.status, "code": refusal.code]
        ])
        let (first, second) = (Putting.bytes(size, seed: 1), Putting.bytes(size, seed: 2))
        #expect(try put(first, as: "one", host) == .success(.stored))
        #expect(try put(second, as: "two", host) == .success(.taken))
        #expect(try host.object(Self.key) == first && host.uploads().isEmpty)
    }

    @Test func aStoreThatIsAwayIsNoFreeName() throws {
        let host = try FaultyStore([["match": "^HEAD", "do": "status", "status": 503, "code": "SlowDown"]])
        guard case .failure(let error) = try put(Putting.bytes(10), as: "one", host) else {
            Issue.record("it was put")
            return
        }
        #expect(error.mayPass && error.place == "bucket" && count("PUT", host) == 0)
    }
}
