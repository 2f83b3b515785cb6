/// An HTTP server's line for one request, whichever wrote it: uvicorn's `127.0.0.1:4711 - "GET /health HTTP/1.1" 200 OK`,
/// the common log format of others, with or without a front.
///
/// Of the path only a known route is kept, since a path may hold a document's name; of the client nothing.
struct AccessLine {
    var method: String
    var route: String?
    /// nil where none is told, as for a WebSocket.
    var status: Int?

    /// - Returns: nil for any other line.
    init?(_ line: Span<UInt8>, _ start: Int) {
        if let version = line.first(" HTTP/", from: start),
            let quote = line.first(UInt8(ascii: "\""), from: version), quote <= version + 10,
            line.byte(quote + 1) == UInt8(ascii: " "), let code = line.number(from: quote + 2),
            (100...999).contains(code.value),
            let open = line.first(UInt8(ascii: "\""), from: start), open < version
        {
            status = code.value
            let end = line.skip(from: open + 1) { $0.isUpper }
            guard end > open + 1, end - open < 10, line.byte(end) == UInt8(ascii: " ") else { return nil }
            method = line.text((open + 1)..<end)
            route = Self.route(line, (end + 1)..<version)
            return
        }
        // uvicorn tells other things of a client in the same place.
        let client = line.skip(from: start) {
            $0.isAlphanumeric
                || [UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]")].contains($0)
        }
        guard client > start + 2, line.has(" - \"", at: client) else { return nil }
        let end = line.skip(from: client + 4) { $0.isLetter }
        method = line.text((client + 4)..<end)
    }

    /// A JSON line with a method and a status is one too.
    init?(_ fields: [Record.Field]) {
        var method: String?
        for field in fields {
            switch (field.name, field.value) {
            case ("method", .text(let text)), ("http_method", .text(let text)): method = text
            case ("status", .integer(let code)), ("status_code", .integer(let code)): status = code
            case ("path", .text(let text)), ("route", .text(let text)), ("url", .text(let text)),
                ("target", .text(let text)):
                route = Self.route(text.utf8.span, 0..<text.utf8.count)
            default: break
            }
        }
        guard let method, status != nil else { return nil }
        self.method = method
    }

    /// Whether one of our own probes caused it, and all went well.
    var isProbe: Bool {
        guard let status, (200..<400).contains(status), method == "GET" || method == "HEAD", let route else {
            return false
        }
        return Self.probes.contains { $0.description == route }
    }

    var fields: [Record.Field] {
        var fields = [Record.Field("method", .text(method))]
        if let route { fields.append(Record.Field("path", .text(route))) }
        if let status { fields.append(Record.Field("status", .integer(status))) }
        return fields
    }

    /// As ``fields`` of a JSON line: without the client, and with a path only where it is a route.
    static func clean(_ fields: [Record.Field]) -> [Record.Field] {
        fields.compactMap { field in
            if clients.contains(field.name) { return nil }
            guard paths.contains(field.name), case .text(let path) = field.value else { return field }
            return route(path.utf8.span, 0..<path.utf8.count).map { Record.Field(field.name, .text($0)) }
        }
    }

    private static let clients: Set<String> = [
        "client", "client_addr", "client_address", "client_ip", "client_host", "remote_addr", "remote_ip", "remote",
        "peer",
        "ip", "x_forwarded_for", "user_agent", "referer", "referrer", "query", "query_string", "headers",
        "request_line",
    ]
    private static let paths: Set<String> = [
        "path", "url", "uri", "target", "request", "full_path", "raw_path", "http_path",
    ]

    private static func route(_ line: Span<UInt8>, _ target: Range<Int>) -> String? {
        var end = target.lowerBound
        while end < target.upperBound, line[end] != UInt8(ascii: "?") { end += 1 }
        let length = end - target.lowerBound
        let known = (probes + routes).first {
            $0.utf8CodeUnitCount == length && line.has($0, at: target.lowerBound)
        }
        return known?.description
    }

    private static let probes: [StaticString] = [
        "/health", "/metrics", "/livez", "/readyz", "/startupz", "/v1/models",
    ]
    /// Of vLLM, SGLang and our own programs.
    private static let routes: [StaticString] = [
        "/", "/v1/chat/completions", "/v1/completions", "/ping", "/version", "/load", "/tokenize", "/detokenize",
        "/docs",
        "/redoc", "/openapi.json", "/invocations", "/v1/embeddings", "/v1/responses", "/v1/messages", "/sleep",
        "/wake_up",
        "/is_sleeping", "/generate", "/health_generate", "/get_model_info", "/get_server_info", "/model_info",
        "/server_info", "/abort_request", "/flush_cache", "/ocr/pdf", "/ocr/image", "/jobs", "/v1/state",
        "/v1/chat/completions/batch", "/scale_elastic_ep", "/is_scaling_elastic_ep", "/inference/v1/generate",
    ]
}
