import Foundation
import ProcessHost
import TestSupport
import Testing

@Suite struct ControlGroupTextTests {
    @Test func findsTheUnifiedGroupOfAContainer() {
        let found = ControlGroupHierarchy.all(
            groups: "0::/\n", mounts: "35 28 0:30 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw,nsdelegate\n")
        #expect(
            found == [
                ControlGroupHierarchy(
                    version: .two, controllers: [], path: "/", folder: "/sys/fs/cgroup", mountPoint: "/sys/fs/cgroup",
                    isReadOnly: true)
            ])
    }

    @Test func findsGroupsOfVersionOneWithoutNamespace() {
        let found = ControlGroupHierarchy.all(
            groups: "4:memory:/docker/4f\n3:cpu,cpuacct:/docker/4f\n1:name=systemd:/docker/4f\n0::/system.slice\n",
            mounts: """
                40 30 0:31 /docker/4f /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct
                41 30 0:32 /docker/4f /sys/fs/cgroup/memory rw,nosuid master:15 - cgroup cgroup rw,memory
                42 30 0:33 / /mnt/a\\040b rw - ext4 /dev/sda1 rw
                """)
        #expect(found.map(\.folder) == ["/sys/fs/cgroup/memory", "/sys/fs/cgroup/cpu,cpuacct"])
        #expect(found.map(\.isReadOnly) == [false, true])
        #expect(found.first?.path == "/docker/4f")
    }

    @Test func theLastMountLiesOnTopAndSpacesAreRead() {
        let found = ControlGroupHierarchy.all(
            groups: "0::/a:b/c\n",
            mounts: """
                40 30 0:31 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
                41 30 0:31 /a:b /mnt/x\\040y rw - cgroup2 cgroup2 rw
                """)
        #expect(found.map(\.folder) == ["/mnt/x y/c"])
    }

    @Test(arguments: ["0::/../other\n", "0::/b\n", "garbage\n", "", "0::relative\n", "0::/ab\n"])
    func aGroupThatIsNotMountedIsNotFound(groups: String) {
        #expect(
            ControlGroupHierarchy.all(groups: groups, mounts: "41 30 0:31 /a /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
                .isEmpty)
    }

    @Test func knowsMembersByTheirPath() {
        let branches = [
            ControlGroup.Branch(kind: .two(countsMemory: true), folder: "/x", path: "/a/coxswain-engine"),
            ControlGroup.Branch(kind: .memory, folder: "/y", path: "/b/coxswain-engine"),
        ]
        #expect(ControlGroup.contains("4:memory:/\n0::/a/coxswain-engine\n", branches))
        #expect(ControlGroup.contains("4:memory,x:/b/coxswain-engine/nested\n0::/\n", branches))
        #expect(!ControlGroup.contains("4:memory:/b/coxswain-engine2\n0::/a/coxswain-engine2\n", branches))
        #expect(!ControlGroup.contains("4:memory:/a/coxswain-engine\n0::/b/coxswain-engine\n", branches))
        #expect(!ControlGroup.contains("", branches))
    }

    @Test func readsCounters() {
        #expect(ControlGroup.outOfMemoryKills(two: "low 0\noom 3\noom_kill 2\noom_group_kill 1\n") == 2)
        #expect(ControlGroup.outOfMemoryKills(one: "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n") == 4)
        #expect(ControlGroup.outOfMemoryKills(one: "oom_kill_disable 0\nunder_oom 0\n") == nil)
    }

    @Test func servicesMayBeCalledAnything() {
        #expect(ControlGroups.fileName("engine-2_b") == "engine-2_b")
        #expect(ControlGroups.fileName("../memory.max / é") == "___memory_max____")
        #expect(ControlGroups.fileName(String(repeating: "a", count: 300)).count == 100)
    }
}

/// Why no groups can be made here, or nil.
private let groupsAreRefused: String? = {
    switch ControlGroups.find() {
    case .available(let groups):
        groups.close()
        return nil
    case .unavailable(let why):
        print("control groups are not tested: \(why)")
        return why
    }
}()

/// Real groups, where this place lets us make any: root on a machine or in a privileged container.
@Suite(.serialized, .timeLimit(.minutes(2)), .enabled(if: groupsAreRefused == nil, "no control groups here"))
struct ControlGroupTests {
    private func groups() throws -> ControlGroups {
        let search = ControlGroups.find()
        guard case .available(let groups) = search else {
            Issue.record("\(search)")
            throw CancellationError()
        }
        return groups
    }

    /// Joins as a service does, then goes on with a script.
    private func run(_ group: ControlGroup, _ script: String) throws -> HostProcess {
        let joining = group.joinFiles.map { "echo 0 > '\($0)' || exit 99;" }.joined()
        return try HostProcess(["bash", "-c", joining + script])
    }

    private static let bomb = "bomb() { (sleep 0.001 & bomb) & }; for i in 1 2 3; do bomb; done; sleep 100"

    /// Each way there is to end a group: the kernel's own, a freezer, and nothing but signals.
    @Test(arguments: [["cgroup.kill"], ["freezer", "memory"], ["memory"]])
    func nobodyEscapesAKill(way: [String]) throws {
        let groups = try groups()
        defer { groups.close() }
        let whole = try groups.make("engine")
        var group = whole
        var folders: [String] = []
        if way != ["cgroup.kill"] {
            // Version 1 alone, in folders of its own.
            var branches: [ControlGroup.Branch] = []
            for hierarchy in ControlGroupHierarchy.ofThisProcess() where hierarchy.version == .one {
                for controller in hierarchy.controllers where way.contains(controller) {
                    let folder = "\(hierarchy.folder)/coxswain-test-\(getpid())"
                    // Given only a group of version 2, as another user than root is.
                    guard mkdir(folder, 0o755) == 0 else { continue }
                    folders.append(folder)
                    let path = (hierarchy.path == "/" ? "" : hierarchy.path) + "/coxswain-test-\(getpid())"
                    branches.append(
                        ControlGroup.Branch(
                            kind: controller == "memory" ? .memory : .freezer, folder: folder, path: path))
                }
            }
            guard branches.count == way.count else { return }
            group = ControlGroup(service: "engine", branches: branches)
        }
        defer { for folder in folders { rmdir(folder) } }

        let process = try run(
            group,
            "trap '' TERM; (setsid env -i /bin/bash -c 'trap \"\" TERM INT HUP; while :; do sleep 0.01; done' &) & \(Self.bomb)"
        )
        #expect(eventually { group.processes().count > 20 })
        #expect(group.contains(process.pid))
        #expect(!group.contains(getpid()))
        let members = group.processes()
        // The slow ways may need another turn, as its documentation says; the kernel's own does not.
        var turns = 0
        #expect(
            eventually(within: 20) {
                if turns == 0 || way != ["cgroup.kill"] { group.kill() }
                turns += 1
                return group.isEmpty
            })
        // Who leaves a group on his way out is a zombie a moment later.
        #expect(
            eventually {
                let table = ProcessTable()
                return members.allSatisfy { table.entries[$0].map { $0.state == "Z" || $0.state == "X" } ?? true }
            })
        process.kill()
        #expect(throws: Never.self) { try group.remove() }
        try whole.remove()
    }

    @Test func anInstanceBeginsWithAGroupOfItsOwn() throws {
        let groups = try groups()
        defer { groups.close() }
        let first = try groups.make("engine")
        let other = try groups.make("api")
        #expect(first.isEmpty && first.processes().isEmpty)
        let process = try run(first, "sleep 100")
        #expect(eventually { first.contains(process.pid) })
        #expect(other.isEmpty)
        // While somebody is in it, there is no second one.
        #expect(throws: SystemError.self) { try groups.make("engine") }
        first.kill()
        process.kill()
        #expect(eventually { first.isEmpty })
        // Groups that the service itself made go too.
        for file in first.joinFiles {
            let made = mkdir(file.replacing("/cgroup.procs", with: "/nested"), 0o755)
            #expect(made == 0, "\(file): \(String(cString: strerror(errno)))")
        }
        let second = try groups.make("engine")
        #expect(second.isEmpty && second.joinFiles == first.joinFiles)
        #expect(
            !FileManager.default.fileExists(atPath: second.joinFiles[0].replacing("/cgroup.procs", with: "/nested")))
        try second.remove()
        #expect(throws: Never.self) { try second.remove() }
    }

    @Test func wantOfMemoryIsCounted() throws {
        let groups = try groups()
        defer { groups.close() }
        if ProcessInfo.processInfo.environment["COXSWAIN_TEST_GUEST"] != nil { #expect(groups.shortcoming == nil) }
        let group = try groups.make("engine")
        // Who counts nothing says so.
        guard groups.shortcoming == nil else { return #expect(group.outOfMemoryKills() == nil) }
        #expect(group.outOfMemoryKills() == 0)
        let limits = ["memory.limit_in_bytes", "memory.max"].flatMap { name in
            group.joinFiles.map { $0.replacing("cgroup.procs", with: name) }
        }.filter { FileManager.default.fileExists(atPath: $0) }
        for limit in limits { try "67108864".write(toFile: limit, atomically: false, encoding: .utf8) }
        // An endless line, which tail keeps as a whole; head ends it where no limit does.
        let process = try run(group, "head -c 400M /dev/zero | tail > /dev/null; exit ${PIPESTATUS[1]}")
        #expect(process.wait() == 137 << 8)
        #expect(group.outOfMemoryKills() == 1)
        // The next instance's counter begins anew.
        #expect(eventually { group.isEmpty })
        #expect(try groups.make("engine").outOfMemoryKills() == 0)
    }

    @Test func whatADeadLifeLeftIsRemovedAndALivingOnesIsNot() throws {
        let living = try groups()
        defer { living.close() }
        let spared = try living.make("engine")
        let survivor = try run(spared, "sleep 100")
        #expect(eventually { spared.contains(survivor.pid) })

        var dead: ControlGroups? = try groups()
        let left = try #require(try dead?.make("engine"))
        let orphan = try run(left, "sleep 100")
        #expect(eventually { left.contains(orphan.pid) })
        // Its lock goes with it, its group does not.
        dead = nil
        #expect(!left.isEmpty)

        let next = try groups()
        next.close()
        #expect(!FileManager.default.fileExists(atPath: left.joinFiles[0]))
        #expect(orphan.wait() == SIGKILL)
        #expect(spared.contains(survivor.pid))
    }

    @Test func aCleanEndLeavesNothing() throws {
        let before = SmallFile.read("/proc/self/cgroup")
        let groups = try groups()
        let group = try groups.make("engine")
        let process = try run(group, "sleep 100")
        #expect(eventually { group.contains(process.pid) })
        let lives = group.joinFiles.map { $0.replacing("/coxswain-engine/cgroup.procs", with: "") }
        #expect(lives.allSatisfy { FileManager.default.fileExists(atPath: $0) })
        groups.close()
        #expect(process.wait() == SIGKILL)
        #expect(lives.allSatisfy { !FileManager.default.fileExists(atPath: $0) })
        #expect(SmallFile.read("/proc/self/cgroup") == before)
    }
}
