import Egress
import Glibc
import Testing

/// Whom a server may be sent to.
struct PolicyTests {
    private func refusal(_ url: String, _ policy: EgressPolicy) -> EgressRefusal? {
        do throws(EgressRefusal) {
            _ = try policy.checked(url)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: HostileURLs.addresses) func addressesThatLeadInwardAreRefused(_ url: String) throws {
        // One sentence for all of them.
        #expect(refusal(url, try EgressPolicy()) == .address)
    }

    @Test(arguments: HostileURLs.forms) func whatIsNoPlainURLIsRefused(_ url: String) throws {
        let everything = try EgressPolicy(networks: "0.0.0.0/0 ::/0")
        for policy in [try EgressPolicy(), everything, try EgressPolicy(hosts: "example.com, *.example.com")] {
            #expect(refusal(url, policy)?.kind == .form)
        }
    }

    @Test func thereAreManyOfThem() {
        let all = HostileURLs.addresses + HostileURLs.forms
        #expect(all.count >= 60 && Set(all).count == all.count)
    }

    @Test(
        arguments: [
            ("http://example.com", "http://example.com/"),
            ("HTTPS://Example.COM:443/A?b=c#d", "https://example.com/A?b=c"),
            ("https://example.com:80/", "https://example.com:80/"),
            ("http://example.com?x=@y", "http://example.com/?x=@y"),
            ("http://example.com/@x//..%2f", "http://example.com/@x//..%2f"),
            ("http://93.184.216.34:8080/x", "http://93.184.216.34:8080/x"),
            ("http://1.example.com/", "http://1.example.com/"),
            ("http://[2606:4700::1111]:81/", "http://[2606:4700::1111]:81/"),
            ("http://a_b.example/", "http://a_b.example/"),
            ("http://[2606:4700:0:0::1111]/", "http://[2606:4700::1111]/"),
            ("http://0xcafe.example/", "http://0xcafe.example/"),
            (
                "http://example.com/отчёт_\"1\".pdf",
                "http://example.com/%D0%BE%D1%82%D1%87%D1%91%D1%82_%221%22.pdf"
            ),
            ("http://xn--e1afmkfd.xn--p1ai/", "http://xn--e1afmkfd.xn--p1ai/"),
            ("http://intranet/", "http://intranet/"),
        ])
    func plainURLsAreAsked(_ url: String, _ asked: String) throws {
        #expect(try EgressPolicy().checked(url) == asked)
        #expect(try EgressPolicy().checked(asked) == asked)
    }

    @Test func onlyHostsOfTheListAreAsked() throws {
        let policy = try EgressPolicy(
            hosts: "Example.com, *.files.example ,api.example:8443 93.184.216.34 [2606:4700::1111]:81")
        for url in [
            "http://example.com/", "https://EXAMPLE.com/", "https://a.files.example/", "http://a.b.files.example/",
            "https://api.example:8443/", "http://93.184.216.34/", "http://[2606:4700:0::1111]:81/",
        ] {
            #expect(refusal(url, policy) == nil, "\(url)")
        }
        for url in [
            "http://www.example.com/", "http://example.com.evil.test/", "http://example.com:8080/",
            "http://notexample.com/",
            "http://files.example/", "http://evilfiles.example/", "https://api.example/", "http://api.example:8444/",
            "http://93.184.216.35/", "http://[2606:4700::1111]/", "http://127.0.0.1/", "http://localhost/",
        ] {
            #expect(refusal(url, policy)?.kind == .host, "\(url)")
        }
        // To be listed is no leave to be private.
        let inward = try EgressPolicy(hosts: "localhost 127.0.0.1 10.0.0.1")
        for url in ["http://localhost/", "http://127.0.0.1/", "http://10.0.0.1/"] {
            #expect(refusal(url, inward) == .address)
        }
    }

    @Test func networksOpenWhatTheyName() throws {
        let policy = try EgressPolicy(networks: "10.20.0.0/16, 127.0.0.1,fd00:20::/32 64:ff9b::/96")
        for url in [
            "http://10.20.1.2/", "http://127.0.0.1/", "http://localhost/", "http://[fd00:20::1]/",
            "http://[64:ff9b::5db8:d822]/", "http://[64:ff9b::10.20.0.1]/",
        ] {
            #expect(refusal(url, policy) == nil, "\(url)")
        }
        for url in [
            "http://10.21.0.1/", "http://127.0.0.2/", "http://[::ffff:127.0.0.1]/", "http://[fd00:21::1]/",
            // What a translator would make of it is refused, so it is too.
            "http://[64:ff9b::7f00:2]/", "http://[64:ff9b::a9fe:a9fe]/", "http://metadata.google.internal/",
        ] {
            #expect(refusal(url, policy) == .address, "\(url)")
        }
    }

    @Test(
        arguments: [
            "http://example.com", "example.com/x", "*", "*.", "a..b", "*.127.0.0.1", "example.com:0",
            "user@example.com",
            "example.*", "127.1", "[::1", "пример.рф",
        ])
    func hostsThatAreNoneAreProblems(_ hosts: String) {
        #expect(throws: EgressProblem.self) { try EgressPolicy(hosts: "example.com,\(hosts)") }
    }

    @Test(
        arguments: [
            "10.0.0.0/33", "10.0.0.1/8", "10.0.0/8", "10/8", "::/129", "fd00::1/8", "example.com", "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/8/8", "0x0a000000/8", "fe80::%eth0/64",
        ])
    func networksThatAreNoneAreProblems(_ networks: String) {
        #expect(throws: EgressProblem.self) { try EgressPolicy(networks: "10.0.0.0/8 \(networks)") }
    }

    // MARK: - Addresses that connections go to

    private func mayConnect(_ text: String, _ policy: EgressPolicy) -> Bool {
        if text.contains(":") {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            #expect(inet_pton(AF_INET6, text, &address.sin6_addr) == 1)
            return withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { policy.mayConnect($0) }
            }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        #expect(inet_pton(AF_INET, text, &address.sin_addr) == 1)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { policy.mayConnect($0) }
        }
    }

    @Test func theEdgesOfRangesAreRight() throws {
        let policy = try EgressPolicy()
        let inside = [
            "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.0",
            "127.255.255.255",
            "169.254.0.0", "169.254.255.255", "172.16.0.0", "172.31.255.255", "192.0.0.255", "192.0.2.255",
            "192.88.99.255",
            "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.255", "203.0.113.0",
            "224.0.0.0",
            "239.255.255.255", "240.0.0.0", "255.255.255.255", "168.63.129.16", "::", "::1", "::ffff:8.8.8.8",
            "1fff:ffff::",
            "2001::", "2001:1ff:ffff::", "2001:db8:ffff::", "2002::", "2002:ffff::", "3ffe::", "3fff:fff::", "4000::",
            "fc00::",
            "fe80::1", "ff00::", "64:ff9b::808:808", "64:ff9b:1:ffff::",
        ]
        for text in inside { #expect(!mayConnect(text, policy), "\(text)") }
        let outside = [
            "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
            "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0",
            "192.0.3.0",
            "192.88.98.255", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.101.0",
            "203.0.112.255",
            "223.255.255.255", "168.63.129.15", "8.8.8.8", "2001:200::", "2001:4860:4860::8888", "2001:db7:ffff::",
            "2001:db9::",
            "2003::", "2606:4700::1111", "2a00:1450::1", "3ffd:ffff::",
        ]
        for text in outside { #expect(mayConnect(text, policy), "\(text)") }
    }

    @Test func otherFamiliesAreRefused() throws {
        let everything = try EgressPolicy(networks: "0.0.0.0/0 ::/0")
        #expect(
            mayConnect("127.0.0.1", everything) && mayConnect("::1", everything) && mayConnect("fe80::1", everything))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let may = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { everything.mayConnect($0) }
        }
        #expect(!may)
    }
}
