import Lifecycle
import Settings
import Testing

/// The probe settings of pages and manifests, each against a container that takes its time.
@Suite struct ProbeBudgetTests {
    /// Of the first place that says them.
    private func settings(_ platform: String) throws -> PlatformSettings {
        try #require(ProbePlace.withProbes.first { $0.platform == platform }).settings()
    }

    @Test func everyPlatformIsToldSomewhere() {
        #expect(Set(ProbePlace.withProbes.map(\.platform)) == Set(ProbePlace.platforms))
        #expect(ProbePlace.all.contains { $0.file == "docs/how-to/kubernetes.md" })
        #expect(ProbePlace.all.contains { $0.file == "docs/how-to/one-port-platforms.md" })
    }

    /// What the replaced container's owner recommends: everything asks `/health`.
    private var legacy: PlatformSettings {
        PlatformSettings(probes: [
            "startupProbe": KubernetesProbe(path: "/health", initialDelay: 120, period: 10, failures: 50),
            "livenessProbe": KubernetesProbe(path: "/health", initialDelay: 300, period: 30, failures: 3),
            "readinessProbe": KubernetesProbe(path: "/health", initialDelay: 180, period: 10, failures: 3),
        ])
    }

    /// Lives `seconds`, or until somebody ends it; says whether traffic came before the container was ready.
    private func live(
        _ settings: PlatformSettings, _ engine: SimulatedContainer.Engine, seconds: Int = 1500, engineDiesAt: Int? = nil
    ) throws -> (platform: Platform, container: SimulatedContainer, trafficTooSoon: Bool, readyAt: Int?) {
        let environment = settings.closedBeforeReady ? ["COXSWAIN_BEFORE_READY": "closed"] : [:]
        let configuration = try Configuration.load(
            file: nil, environment: environment, programs: "/opt/coxswain", cores: 4)
        var container = SimulatedContainer(configuration, engine: engine)
        var platform = Platform(settings)
        var tooSoon = false
        var readyAt: Int?
        while container.now < seconds, container.endedAt == nil, platform.killed == nil {
            container.passSecond()
            if container.now == engineDiesAt { container.killEngine(next: engine) }
            if container.isReady { readyAt = readyAt ?? container.now }
            platform.look(at: container)
            if platform.sendsTraffic, readyAt == nil { tooSoon = true }
        }
        return (platform, container, tooSoon, readyAt)
    }

    @Test(arguments: ProbePlace.withProbes) func aStartOfFiveMinutesIsNotKilled(place: ProbePlace) throws {
        let settings = try place.settings()
        let life = try live(settings, .readyAfter(300))
        #expect(life.platform.killed == nil, "\(String(describing: life.platform.killed))")
        #expect(life.container.endedAt == nil && life.container.diagnosis == nil)
        let readyAt = try #require(life.readyAt)
        #expect((300...320).contains(readyAt))
        #expect(!life.trafficTooSoon)
        let trafficAt = try #require(life.platform.trafficAt)
        #expect(trafficAt - readyAt <= 10)
    }

    @Test(arguments: ProbePlace.withProbes, [0, 100, 2000]) func aStartThatHangsIsDiagnosedBeforeItIsKilled(
        place: ProbePlace, progressUntil: Int
    ) throws {
        let life = try live(place.settings(), .hangs(progressUntil: progressUntil))
        let diagnosis = try #require(life.container.diagnosis)
        // The 5 s of the preload come before the time that the engine has.
        #expect(diagnosis.at <= 550)
        // Somebody ends it, and not before the log says why.
        let killedAt = life.platform.killed?.at ?? life.container.endedAt
        #expect(try #require(killedAt) > diagnosis.at + 10)
        #expect(!life.trafficTooSoon && life.platform.trafficAt == nil)
        if progressUntil == 100 {
            // What had begun to tell of progress, and stopped, is not waited for to the end.
            #expect(diagnosis.at < 300, "\(diagnosis)")
        }
    }

    @Test(arguments: ProbePlace.withProbes.filter { $0.platform != "docker" })
    func aContainerThatHealsItselfIsNotKilled(place: ProbePlace) throws {
        let life = try live(place.settings(), .readyAfter(300), engineDiesAt: 600)
        #expect(life.platform.killed == nil && life.container.diagnosis?.at == 600)
        #expect(life.container.isReady)
    }

    @Test(arguments: ProbePlace.withProbes) func theKillComesAfterTheLongestStart(place: ProbePlace) throws {
        let policy = try Configuration.load(file: nil, environment: [:], programs: "/opt/coxswain", cores: 4).policy
        // Half a minute for ending what hung, and for saying so.
        #expect(try .seconds(#require(place.settings().patience) - 30) >= policy.startWithin)
    }

    @Test(arguments: ProbePlace.withGrace) func theKillComesAfterTheLongestStop(place: ProbePlace) throws {
        let policy = try Configuration.load(file: nil, environment: [:], programs: "/opt/coxswain", cores: 4).policy
        // Two seconds for what the platform itself takes of it.
        #expect(try .seconds(#require(place.settings().grace) - 2) >= policy.shutdownGrace)
    }

    @Test func theProbesOfTheReplacedContainerGoOnWorking() throws {
        let start = try live(legacy, .readyAfter(300))
        #expect(start.platform.killed == nil && !start.trafficTooSoon)
        #expect(try #require(start.platform.trafficAt) - #require(start.readyAt) <= 20)
        #expect(try live(legacy, .readyAfter(300), engineDiesAt: 600).platform.killed == nil)
        let hung = try live(legacy, .hangs(progressUntil: 2000))
        #expect(try #require(hung.platform.killed).at > #require(hung.container.diagnosis).at + 10)
    }

    // MARK: The simulation can fail

    @Test func aBudgetThatIsTooSmallKills() throws {
        var settings = try settings("kubernetes")
        settings.probes["startupProbe"]?.failures = 3
        let killed = try #require(live(settings, .readyAfter(300)).platform.killed)
        #expect(killed.why == "startupProbe" && killed.at < 20)

        var docker = try self.settings("docker")
        docker.check?.startPeriod = 60
        #expect(try #require(live(docker, .readyAfter(300)).platform.killed).at < 90)

        var knative = try self.settings("knative")
        knative.progressDeadline = 200
        #expect(try live(knative, .readyAfter(300)).platform.killed?.at == 201)
    }

    @Test func withoutAStartupProbeALivenessProbeThatMeansReadyKills() throws {
        var settings = try settings("kubernetes")
        settings.probes["livenessProbe"]?.path = "/readyz"
        #expect(try live(settings, .readyAfter(300)).platform.killed == nil)
        // Healing is not death.
        #expect(try live(settings, .readyAfter(300), engineDiesAt: 600).platform.killed?.why == "livenessProbe")
        settings.probes["startupProbe"] = nil
        #expect(try #require(live(settings, .readyAfter(300)).platform.killed).at < 100)
    }

    @Test func anOpenPortIsNoReadyContainer() throws {
        var knative = try settings("knative")
        #expect(knative.closedBeforeReady && knative.probes["readinessProbe"]?.path == nil)
        knative.closedBeforeReady = false
        #expect(try live(knative, .readyAfter(300)).trafficTooSoon)
    }

    @Test func aKillerMoreImpatientThanWeAreComesBeforeTheDiagnosis() throws {
        var settings = try settings("kubernetes")
        settings.probes["startupProbe"]?.failures = 60
        let life = try live(settings, .hangs(progressUntil: 2000))
        #expect(life.platform.killed != nil && life.container.diagnosis == nil)
    }
}

/// What is read is what stands there.
@Suite struct ProbeSettingsReaderTests {
    @Test func blocksAreReadAsTheyAreWritten() throws {
        let yaml = """
            startupProbe:
              httpGet: { path: /startupz, port: 8081 }   # failureThreshold: 9
              periodSeconds: 5
              failureThreshold: 124
            livenessProbe:
              tcpSocket: { port: 8081 }
              initialDelaySeconds: 7
            other:
              periodSeconds: 99
            timeoutSeconds: 30
            """
        let settings = try ProbeSettingsReader.read(yaml.split(separator: "\n").map(String.init))
        #expect(
            settings.probes == [
                "startupProbe": KubernetesProbe(path: "/startupz", period: 5, failures: 124),
                "livenessProbe": KubernetesProbe(path: nil, initialDelay: 7),
            ])
        #expect(settings.grace == 30)
        let docker = try ProbeSettingsReader.read(
            ProbeSettingsReader.lines(
                """
                HEALTHCHECK --interval=5s --timeout=3s --start-period=10m --retries=2 \\
                    CMD ["coxswain", "probe", "live"]
                STOPSIGNAL SIGTERM
                """))
        #expect(
            docker.check == DockerCheck(question: "live", interval: 5, timeout: 3, startPeriod: 600, retries: 2))
        #expect(throws: ProbeSettingsReader.Missing.self) { try ProbeSettingsReader.block("nowhere", of: "text") }
        #expect(throws: ProbeSettingsReader.Missing.self) { try ProbeSettingsReader.read(["spec: {}"]) }
    }
}
