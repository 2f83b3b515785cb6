/// What PID 1 and the others say to each other: HTTP/1.1 and JSON over a Unix stream socket.
///
/// | request | answer |
/// | --- | --- |
/// | `GET /v1/state` | the container's state |
/// | `GET /v1/state?follow` | the same as a stream: one JSON object a line, at every change and as a heartbeat |
/// | `POST /v1/acknowledge?revision=N` | 204; the sender's own answers now follow revision N or a later one |
/// | `POST /v1/services/NAME/COMMAND` | 202; COMMAND is `start`, `stop` or `restart`; for root and the container's user |
/// | `GET /livez`, `/startupz`, `/readyz`, `/health`, `/metrics` | as on the public port |
package enum ControlEndpoint {
    /// Names the socket in the environment of whoever may connect to it.
    package static let environmentVariable = "COXSWAIN_CONTROL_SOCKET"

    package static let state = "/v1/state"
    package static let acknowledge = "/v1/acknowledge"
    package static let services = "/v1/services/"
    static let commands = ["start", "stop", "restart"]
}
