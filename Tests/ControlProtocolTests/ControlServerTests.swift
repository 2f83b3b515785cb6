import ControlProtocol
import Foundation
import Health
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct ControlServerTests {
    private func supervisor(
        users: Set<UInt32> = [], reload: ControlSources.ReloadAnswer = .done(.init(changed: ["api"]))
    ) throws -> StandInSupervisor {
        let supervisor = try StandInSupervisor(users: users, reload: reload)
        supervisor.server.publish(aState())
        return supervisor
    }

    @Test func whatThereIsToRead() throws {
        let supervisor = try supervisor()
        supervisor.say("engine", ["one", "two"])
        supervisor.happen("started", "engine started")
        let path = supervisor.path
        let state = try Peer.ask(path, "GET /v1/state")
        #expect(state.status == 200 && state.head.contains("application/json"))
        #expect(try JSONText.decode(ContainerState.self, from: state.body) == aState())
        #expect(try Peer.ask(path, "GET /v1/services").body.hasPrefix(#"{"services":[{"name":"engine""#))
        let one = try Peer.ask(path, "GET /v1/services/api")
        #expect(try JSONText.decode(ServiceState.self, from: one.body).name == "api")
        #expect(try Peer.ask(path, "GET /v1/explain").body.hasPrefix("The container is ready"))
        let json = try Peer.ask(path, "GET /v1/explain?format=json")
        #expect(try JSONText.decode(Explanation.self, from: json.body).ready)
        let version = try JSONText.decode(ControlVersion.self, from: try Peer.ask(path, "GET /v1/version").body)
        #expect(version.version == Version.current && version.protocol == "v1" && version.startedAt == 1000)
        #expect(try Peer.ask(path, "GET /v1/config").body.contains(#""key":"listen""#))
        #expect(try Peer.ask(path, "GET /v1/logs").body.components(separatedBy: #""message""#).count == 3)
        #expect(try Peer.ask(path, "GET /v1/events").body.contains(#""kind":"started""#))
        #expect(try Peer.ask(path, "GET /readyz").status == 200)
        #expect(try Peer.ask(path, "GET /metrics").body.contains("coxswain_ready 1"))
    }

    @Test func aHeadHasNoBody() throws {
        let supervisor = try supervisor()
        for target in ["/v1/state", "/v1/state?follow", "/v1/logs?follow", "/v1/explain", "/readyz"] {
            let answer = try Peer.ask(supervisor.path, "HEAD \(target)")
            #expect(answer.status == 200 && answer.body.isEmpty, "\(target)")
        }
    }

    @Test func whatThereIsNotIsSaid() throws {
        let supervisor = try supervisor()
        let unknown = try Peer.ask(supervisor.path, "GET /v2/state")
        let problem = try JSONText.decode(ControlProblem.self, from: unknown.body)
        #expect(unknown.status == 404 && problem.hint.contains("GET /v1/logs"))
        let method = try Peer.ask(supervisor.path, "POST /v1/state")
        #expect(method.status == 405 && method.head.contains("Allow: GET, HEAD"))
        #expect(try Peer.ask(supervisor.path, "GET /v1/reload").head.contains("Allow: POST"))
        let service = try Peer.ask(supervisor.path, "GET /v1/services/engin%65s")
        #expect(service.status == 404)
        #expect(try JSONText.decode(ControlProblem.self, from: service.body).services == ["engine", "api"])
        #expect(service.body.contains("`engines`"))
        #expect(try Peer.ask(supervisor.path, "GET /v1/logs?service=nobody").status == 404)
        #expect(try Peer.ask(supervisor.path, "GET /v1/logs?service=coxswain").status == 200)
        for query in ["n=-1", "n=x", "n=10001"] {
            #expect(try Peer.ask(supervisor.path, "GET /v1/logs?\(query)").status == 400, "\(query)")
        }
        #expect(try Peer.ask(supervisor.path, "GET /v1/events?after=-1").status == 400)
        #expect(try Peer.ask(supervisor.path, "POST /v1/acknowledge").status == 400)
    }

    @Test func commands() throws {
        let supervisor = try supervisor()
        #expect(try Peer.ask(supervisor.path, "POST /v1/services/engine/restart").status == 202)
        #expect(try Peer.ask(supervisor.path, "POST /v1/services/nobody/restart").status == 404)
        #expect(try Peer.ask(supervisor.path, "POST /v1/services/engine/explode").status == 404)
        #expect(try Peer.ask(supervisor.path, "GET /v1/services/engine/stop").status == 405)
        #expect(try Peer.ask(supervisor.path, "POST /v1/acknowledge?revision=5").status == 204)
        #expect(supervisor.asked == ["restart engine", "acknowledged 5"])
        supervisor.server.publish(aState(2, phase: .draining))
        let late = try Peer.ask(supervisor.path, "POST /v1/services/engine/start")
        #expect(late.status == 409 && late.body.contains("the container is stopping"))
        #expect(try Peer.ask(supervisor.path, "POST /v1/reload").status == 409)
        #expect(supervisor.asked.count == 2)
    }

    @Test func aReloadIsAnsweredWithWhatCameOfIt() throws {
        let good = try supervisor()
        let answer = try Peer.ask(good.path, "POST /v1/reload")
        #expect(answer.status == 200)
        #expect(try JSONText.decode(ControlSources.Reloaded.self, from: answer.body).changed == ["api"])
        let bad = try supervisor(reload: .refused(["a.toml:1: unknown key", "a.toml:2: no number"]))
        let refused = try Peer.ask(bad.path, "POST /v1/reload")
        #expect(refused.status == 422)
        let problem = try JSONText.decode(ControlProblem.self, from: refused.body)
        #expect(problem.error.contains("nothing was changed") && problem.problems?.count == 2)
    }

    @Test func aFollowerHearsEveryLineOnce() throws {
        let supervisor = try supervisor()
        supervisor.say("engine", (1...50).map { "old \($0)." })
        let peer = try Peer(supervisor.path)
        peer.say("GET /v1/logs?follow&service=engine&n=20 HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = peer.hear { $0.contains("old 50.") }
        supervisor.say("api", ["not asked for"])
        supervisor.say("engine", ["new 1.", "new 2."])
        let text = peer.hear { $0.contains("new 2.") }
        #expect(!text.contains("not asked for") && !text.contains("old"))
        #expect(eventually { supervisor.followers == 1 })
        shutdown(peer.descriptor, Int32(SHUT_RDWR))
        #expect(eventually { supervisor.followers == 0 })
    }

    @Test func eventsGoOnAfterANumber() throws {
        let supervisor = try supervisor()
        for number in 1...5 { supervisor.happen("ready", "event \(number)") }
        #expect(
            try Peer.ask(supervisor.path, "GET /v1/events?after=3").body.components(separatedBy: "event ").count == 3)
        #expect(try Peer.ask(supervisor.path, "GET /v1/events?n=1").body.contains("event 5"))
        let peer = try Peer(supervisor.path)
        peer.say("GET /v1/events?after=5&follow HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = peer.hear { $0.contains("\r\n\r\n") }
        #expect(eventually { supervisor.followers == 1 })
        supervisor.happen("failed", "event 6")
        #expect(peer.hear { $0.contains("event 6") }.contains(#""kind":"failed""#))
    }

    @Test func aFollowerOfTheStateHearsTheNewest() throws {
        let supervisor = try supervisor()
        let peer = try Peer(supervisor.path)
        peer.say("GET /v1/state?follow HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = peer.hear { $0.contains("\"revision\":1,") }
        supervisor.server.publish(aState(2, engine: "backoff", phase: .degraded))
        #expect(peer.hear { $0.contains("\"revision\":2,") }.contains("degraded"))
    }

    @Test func aStuckFollowerLosesLinesAndThenItsConnection() throws {
        let supervisor = try supervisor()
        let peer = try Peer(supervisor.path)
        peer.say("GET /v1/logs?follow&n=0 HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(eventually { supervisor.followers == 1 })
        // Far more than the kernel and the server hold for it.
        let long = String(repeating: "x", count: 1000)
        for round in 1...5 { supervisor.say("engine", (1...1000).map { "\(round) \($0) \(long)" }) }
        // It reads again before its patience is over, and is told what it missed.
        let text = peer.hear { $0.contains("\"missed\":") }
        #expect(text.contains("lines were not sent: this connection was not read in time"))
        supervisor.say("engine", ["heard again"])
        #expect(peer.hear { $0.contains("heard again") }.contains("heard again"))
        for round in 1...5 { supervisor.say("engine", (1...1000).map { "\(round) \($0) \(long)" }) }
        #expect(eventually(within: 20) { supervisor.followers == 0 })
        // Others are served meanwhile.
        #expect(try Peer.ask(supervisor.path, "GET /readyz").status == 200)
    }

    @Test func whoSaysNothingIsLeft() throws {
        let supervisor = try supervisor()
        let silent = try Peer(supervisor.path)
        let slow = try Peer(supervisor.path)
        slow.say("GET /v1/sta")
        #expect(try Peer.ask(supervisor.path, "GET /v1/state").status == 200)
        #expect(silent.hear() == "" && slow.hear() == "")
    }

    @Test(arguments: [
        "\r\n\r\n\r\n", "garbage\r\n\r\n", "GET / HTTP/3.0\r\n\r\n", "\u{0}\u{1}\u{2}\u{3}", "GET  HTTP/1.1\r\n\r\n",
        "POST /v1/reload HTTP/1.1\r\nContent-Length: -5\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}",
        "GET /%00%ff%/../v1/state?%%%=&&== HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /v1/services/%2e%2e/restart HTTP/1.1\r\nHost: x\r\n\r\n",
    ])
    func garbageIsAnsweredOrClosed(garbage: String) throws {
        let supervisor = try supervisor()
        let peer = try Peer(supervisor.path)
        peer.say(garbage)
        shutdown(peer.descriptor, Int32(SHUT_WR))
        let answer = peer.hear()
        #expect(answer == "" || answer.hasPrefix("HTTP/1.1 4"), "\(answer)")
        #expect(try Peer.ask(supervisor.path, "GET /v1/state").status == 200)
        #expect(supervisor.asked == [])
    }

    @Test func aRequestHasAnEnd() throws {
        let supervisor = try supervisor()
        let peer = try Peer(supervisor.path)
        peer.say("GET /v1/state HTTP/1.1\r\nX: \(String(repeating: "x", count: 20_000))")
        #expect(peer.hear().hasPrefix("HTTP/1.1 413"))
        let body = try Peer(supervisor.path)
        body.say("POST /v1/reload HTTP/1.1\r\nContent-Length: 99999\r\n\r\n\(String(repeating: "x", count: 20_000))")
        #expect(body.hear().hasPrefix("HTTP/1.1 413"))
        let fields = try Peer(supervisor.path)
        fields.say("GET /v1/state HTTP/1.1\r\n" + (0..<900).map { "X\($0): y\r\n" }.joined() + "\r\n")
        #expect(fields.hear().hasPrefix("HTTP/1.1 4"))
    }

    @Test func thereAreNotMoreConnectionsThanThatMany() throws {
        let supervisor = try supervisor()
        let crowd = try (0..<ControlServer.mostConnections).map { _ in
            let peer = try Peer(supervisor.path)
            peer.say("GET /v1/logs?follow HTTP/1.1\r\nHost: x\r\n\r\n")
            return peer
        }
        #expect(eventually { supervisor.followers == crowd.count })
        let late = try Peer(supervisor.path)
        late.say("GET /v1/state HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(late.hear().hasPrefix("HTTP/1.1 503"))
        shutdown(crowd[0].descriptor, Int32(SHUT_RDWR))
        #expect(eventually { (try? Peer.ask(supervisor.path, "GET /v1/state").status) == 200 })
    }

    @Test func anOldClientIsAnsweredInItsOwnWay() throws {
        let supervisor = try supervisor()
        supervisor.say("engine", ["line"])
        let peer = try Peer(supervisor.path)
        peer.say("GET /v1/logs HTTP/1.0\r\n\r\n")
        let text = peer.hear()
        #expect(text.hasPrefix("HTTP/1.0 200") && !text.lowercased().contains("chunked"))
        #expect(text.hasSuffix("\"message\":\"line\"}\n"))
    }

    @Test(.enabled(if: geteuid() == 0, "SKIPPED: other users need root"))
    func others() throws {
        let nobody: UInt32 = 65534
        let supervisor = try supervisor(users: [12345])
        func curl(as user: UInt32, _ target: String, post: Bool = false) throws -> Int {
            let result = try Shell.run(
                "setpriv",
                [
                    "--reuid", "\(user)", "--regid", "\(user)", "--clear-groups", "curl", "-s", "-o", "/dev/null", "-w",
                    "%{http_code}", "-m", "10", "--unix-socket", supervisor.path, post ? "-XPOST" : "-XGET",
                    "http://x\(target)",
                ])
            return Int(result.output) ?? -1
        }
        for target in ["/v1/state", "/readyz", "/v1/logs"] { #expect(try curl(as: nobody, target) == 403) }
        #expect(try curl(as: nobody, "/v1/services/engine/stop", post: true) == 403)
        // A service's user reads what the public port says too, and changes nothing.
        for target in ["/v1/state", "/v1/explain", "/readyz"] { #expect(try curl(as: 12345, target) == 200) }
        for target in ["/v1/logs", "/v1/events", "/v1/config"] { #expect(try curl(as: 12345, target) == 403) }
        for target in ["/v1/services/engine/stop", "/v1/reload"] {
            #expect(try curl(as: 12345, target, post: true) == 403)
        }
        #expect(try curl(as: 12345, "/v1/acknowledge?revision=1", post: true) == 204)
        #expect(supervisor.asked == ["acknowledged 1"])
    }
}
