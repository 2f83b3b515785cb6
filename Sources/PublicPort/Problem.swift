package import Health

/// Errors as RFC 9457 has them, written by PID 1 and the api alike.
///
/// Our errors are JSON objects with a `detail`, as the replaced container's were, and stay just that on its endpoints. Everywhere
/// else they say in `type`, `title`, `status` and `instance` what can be said of any error.
package enum Problem {
    package static let mediaType = "application/problem+json"

    /// Endpoints of the replaced container, whose clients know its errors only.
    package static let plainPaths: Set<String> = ["/ocr/pdf", "/ocr/image"]

    /// A plain error with the members of a problem added.
    ///
    /// - Parameters:
    ///   - body: a JSON object that has a `detail`.
    ///   - title: the status's name.
    package static func text(
        _ body: String, status: Int, title: String, request: RequestIdentifier
    ) -> String {
        let members = JSONText.encode(
            Members(instance: "/requests/\(request)", status: status, title: title, type: "about:blank"))
        let rest = body.dropFirst()
        return rest == "}" ? members : members.dropLast() + "," + rest
    }

    private struct Members: Encodable {
        var instance: String
        var status: Int
        var title: String
        /// RFC 9457 §4.2.1: there is no more to say of it than its status does.
        var type: String
    }
}

extension HealthAnswer {
    /// The same error as a problem.
    package func problem(title: String, request: RequestIdentifier) -> HealthAnswer {
        var copy = self
        copy.body = Problem.text(body, status: status, title: title, request: request)
        copy.headers = headers.map { $0.name == "Content-Type" ? ($0.name, Problem.mediaType) : $0 }
        return copy
    }

    /// The answer to a scrape where metrics need a key and PID 1, which knows none, holds the port.
    static func metricsNeedTheAPI(_ state: ContainerState) -> HealthAnswer {
        HealthAnswer(
            status: 503,
            headers: [
                ("Content-Type", "application/json"), ("Retry-After", String(state.retryAfter)),
                ("Cache-Control", "no-store"),
            ],
            body: JSONText.encode([
                "detail": "The metrics need an API key, and the api, which can look at it, does not answer yet. "
                    + "COXSWAIN_METRICS_OPEN=true opens them to everybody."
            ]))
    }
}
