import Foundation
import ProcessHost
import TestSupport
import Testing

@Suite struct LifeMarkerTests {
    private let marker = LifeMarker(
        began: 1_700_000_000, written: 1_700_010_920, phase: "ready", boot: "b1",
        memory: ContainerMemory(limit: 4 << 30, used: 4_187_593_113, peak: 5, outOfMemoryKills: 0, diesTogether: true))

    @Test func liesThereUntilACleanEnd() throws {
        let folder = try TestFolder()
        #expect(LifeMarker.read(in: folder.path) == nil)
        try marker.write(in: folder.path)
        #expect(LifeMarker.read(in: folder.path) == marker)
        var later = marker
        later.phase = "draining"
        try later.write(in: folder.path)
        #expect(LifeMarker.read(in: folder.path) == later)
        #expect(folder.names() == ["life"])
        LifeMarker.remove(in: folder.path)
        #expect(folder.names().isEmpty)
    }

    @Test func aHalfWrittenOneBesideItIsNoHindrance() throws {
        let folder = try TestFolder()
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/life.new", withDestinationPath: "/etc/passwd")
        try marker.write(in: folder.path)
        #expect(LifeMarker.read(in: folder.path) == marker)
        #expect(throws: SystemError.self) { try marker.write(in: "\(folder.path)/none") }
    }

    @Test(
        arguments: [
            "", "\n\n", "{\"began\": 3}", "began=x\nwritten=-4\nphase", "memory-limit=99999999999999999999999\n=\n==\n",
            "\u{0}\u{0}\u{0}",
        ])
    func readsWhatACrashLeft(text: String) {
        let read = LifeMarker(text: text)
        #expect(read.began == 0 && read.written == 0 && read.phase == "" && read.memory == ContainerMemory())
        #expect(
            read.story(now: 5, boot: "b1")
                == "the last life of this container ended without a word: it was killed from outside, or by the kernel because "
                + "the machine had no memory left")
    }

    @Test func aPhaseWithALineBreakIsOneLine() {
        var odd = marker
        odd.phase = "re\nady"
        #expect(LifeMarker(text: odd.text).phase == "ready")
    }

    @Test func tellsThatTheWholeContainerDied() {
        #expect(
            marker.story(now: 1_700_010_932, boot: "b1")
                == "the last life of this container (at least 3 h 2 min long, last phase ready, last heard of 12 s ago) ended "
                + "without a word: probably killed by the kernel for want of memory, as a whole since memory.oom.group is set: "
                + "3.9 GiB of 4 GiB were in use when it was last looked at; if so, give the container more memory, or let the "
                + "engine take less (for vLLM --max-model-len, --max-num-seqs)")
    }

    @Test func tellsOtherCausesApart() {
        var other = marker
        #expect(other.story(now: 1_700_010_932, boot: "b2").contains("the machine was started anew"))
        other.memory.diesTogether = false
        #expect(
            other.story(now: 1_700_010_932, boot: "b1").contains("probably killed for want of memory: 3.9 GiB of 4 GiB")
        )
        other.memory.used = 1 << 30
        #expect(other.story(now: 1_700_010_932, boot: nil).contains("killed from outside, or by the kernel"))
        other.phase = "draining"
        #expect(other.story(now: 1_700_010_932, boot: "b1").contains("shutdown-grace"))
        // A clock that was set back.
        #expect(!other.story(now: 5, boot: "b1").contains("ago"))
    }

    @Test(
        arguments: [
            (0, "0 s"), (59, "59 s"), (60, "1 min"), (61, "1 min 1 s"), (3600, "1 h"), (10920, "3 h 2 min"),
            (86400, "1 d"), (100_000, "1 d 3 h"),
        ])
    func durationsAreReadable(seconds: Int, text: String) { #expect(LifeMarker.duration(seconds) == text) }
}
