package import Health
import NIOCore
import NIOHTTP1

/// What was asked for on one connection.
struct ControlRequest {
    let method: HTTPMethod
    let path: String
    let query: ControlQuery
    /// For what is answered as on the public port.
    let health: HealthRequest
    /// That of the answer: never above what was asked in.
    let version: HTTPVersion

    init(_ head: HTTPRequestHead) {
        method = head.method
        health = HealthRequest(target: head.uri)
        path = health.path
        query = ControlQuery(health.query)
        version = head.version.major == 1 && head.version.minor == 0 ? .http1_0 : .http1_1
    }

    static func noSuchService(
        _ name: String, in state: ContainerState, andOurselves: Bool = false
    ) -> ControlProblem {
        let names = state.services.map(\.name) + (andOurselves ? ["coxswain"] : [])
        return ControlProblem(
            error: "there is no service `\(name.prefix(100))`", hint: "there are \(names.joined(separator: ", "))",
            services: names)
    }

    /// - Returns: nil while there is a container to change.
    static func whyNoChange(in state: ContainerState) -> ControlProblem? {
        switch state.phase {
        case .draining, .stopped: break
        case .failed where !state.held: break
        default: return nil
        }
        return ControlProblem(
            error: "the container is stopping", hint: "nothing is started or changed any more; start the container anew"
        )
    }
}

/// The body of `GET /v1/version`.
package struct ControlVersion: Codable, Sendable, Equatable {
    /// Of coxswain.
    package var version: String
    /// Of this protocol: the first part of its paths.
    package var `protocol`: String
    /// Start of the container, seconds since 1970; events are counted from there on.
    package var startedAt: Double
    package var swift: String?
    package var kernel: String?
    package var architecture: String?
    /// Process id of coxswain, in its own PID namespace.
    package var pid: Int32?

    package init(of state: ContainerState, _ build: ControlSources.Build) {
        version = Version.current
        self.protocol = "v1"
        startedAt = state.startedAt
        swift = build.swift
        kernel = build.kernel
        architecture = build.architecture
        pid = build.pid
    }
}
