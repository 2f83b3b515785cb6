import ControlProtocol
import Testing

@Suite struct EndpointTests {
    @Test(arguments: [
        ControlEndpoint.state, .services, .service("engine"), .service("a b/ü"), .explain, .version, .logs, .events,
        .config,
        .command("restart", service: "my.engine"), .reload, .acknowledge, .health,
    ])
    func aPathIsReadAsItIsWritten(endpoint: ControlEndpoint) {
        #expect(ControlEndpoint(path: endpoint.path) == endpoint)
    }

    @Test(arguments: [
        "", "/", "v1/state", "/v1", "/v1/", "/v1/state/", "/v1/services/", "/v1/services//stop", "/v1/services/a/b/c",
        "/v1/services/a/kill", "/v2/state", "/livez/x",
    ])
    func whatIsNoPathIsNone(path: String) { #expect(ControlEndpoint(path: path) == nil) }

    @Test func percents() {
        #expect(PercentCoding.decode("a%20b%2Fc%C3%BC") == "a b/cü")
        #expect(PercentCoding.decode("100%") == "100%")
        #expect(PercentCoding.decode("%zz%4") == "%zz%4")
        #expect(PercentCoding.encode("a b&=?%") == "a%20b%26%3D%3F%25")
    }
}
