import Glibc
import ProcessHost
import TimeOfDay

/// Writes down that this life of the container is going on, so that the next one knows whether it ended without a word.
final class LifeRecord {
    private let began = Int(WallClock.now())
    private let boot = LifeMarker.currentBoot()
    private let memory = ContainerMemoryFiles()
    private let loop: ProcessHost.EventLoop
    private var writing: EventLoop.TimerToken?

    init(loop: ProcessHost.EventLoop) { self.loop = loop }

    /// - Returns: how the former life ended, if it did not end well.
    func story(in folder: String) -> String? {
        LifeMarker.read(in: folder)?.story(now: Int(WallClock.now()), boot: boot)
    }

    /// Writes soon, and not at once: a service waits to be started, and the folder may lie on a slow volume.
    func changed(_ phase: String, in folder: String) {
        if let writing { loop.cancel(writing) }
        writing = loop.after(.milliseconds(200)) { [unowned self] in
            writing = nil
            write(phase, in: folder)
        }
    }

    func write(_ phase: String, in folder: String) {
        let marker = LifeMarker(
            began: began, written: Int(WallClock.now()), phase: phase, boot: boot, memory: memory.read())
        // A full disk is said by who needs it: here only a story is lost.
        try? marker.write(in: folder)
    }

    func end(in folder: String) {
        if let writing { loop.cancel(writing) }
        LifeMarker.remove(in: folder)
    }
}
