import Egress

/// URLs that people have got at servers' insides with, and what they are refused as where nothing is set.
enum HostileURLs {
    /// They lead to the machine itself, to its neighbours or its cloud, or to nobody.
    static let addresses = [
        "http://127.0.0.1/", "http://127.0.0.1", "http://127.0.0.1:80", "https://127.0.0.1:6379/", "http://127.0.0.1?x",
        "http://127.0.0.1#x", "http://127.255.255.254/", "HTTP://127.0.0.1/", "hTTpS://127.0.0.1/",
        "http://127.0.0.1/https://example.com/", "http://localhost/", "http://LOCALHOST:8081/", "http://x.localhost/",
        "http://localhost.localdomain/", "http://ip6-localhost/", "http://0.0.0.0/", "http://0.1.2.3/",
        // Private, shared, link-local; clouds' metadata, by addresses and names.
        "http://10.0.0.1/", "http://10.255.255.255/", "http://172.16.0.1/", "http://172.31.255.255/",
        "http://192.168.0.1/", "http://100.64.0.1/", "http://100.127.255.255/", "http://169.254.1.1/",
        "http://169.254.169.254/latest/meta-data/", "http://100.100.100.200/latest/meta-data/",
        "http://168.63.129.16/metadata", "http://192.0.0.192/latest/", "http://[fd00:ec2::254]/latest/meta-data/",
        "http://metadata.google.internal/computeMetadata/v1/", "http://METADATA.google.internal/", "http://metadata/",
        "http://metadata.goog/", "http://instance-data/",
        // Special, by IANA's registry.
        "http://192.0.0.1/", "http://192.0.2.1/", "http://198.51.100.1/", "http://203.0.113.1/", "http://192.88.99.1/",
        "http://198.18.0.1/", "http://198.19.255.255/", "http://224.0.0.1/", "http://239.255.255.250:1900/",
        "http://240.0.0.1/", "http://255.255.255.255/",
        // IPv6.
        "http://[::1]/", "http://[0:0:0:0:0:0:0:1]:8081/", "http://[0000:0000::0001]/", "http://[::]/",
        "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[::FFFF:10.0.0.1]/",
        "http://[::ffff:93.184.216.34]/", "http://[::127.0.0.1]/", "http://[::ffff:0:127.0.0.1]/",
        "http://[64:ff9b::127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[64:ff9b::5db8:d822]/",
        "http://[64:ff9b:1::7f00:1]/", "http://[2002:7f00:1::]/", "http://[2002:a00:1::1]/",
        "http://[2001:0:7f00:1::]/", "http://[2001:0:5ef5:79fd::1]/", "http://[2001:db8::1]/", "http://[3fff::1]/",
        "http://[2001:10::1]/", "http://[2001:2::1]/", "http://[fe80::1]/", "http://[febf::1]/", "http://[fec0::1]/",
        "http://[fc00::1]/", "http://[fdff:ffff::1]/", "http://[ff02::1]/", "http://[100::1]/", "http://[5f00::1]/",
        "http://[3ffe::1]/", "http://[4000::1]/", "http://[fd20:ce::254]/computeMetadata/v1/",
    ]

    /// They are no URLs of the kind that is asked, wherever one parser or another sees them lead.
    static let forms = [
        // An address in another base, length or script.
        "http://2130706433/", "http://017700000001/", "http://0x7f000001/", "http://0x7F000001/", "http://0x7f.0.0.1/",
        "http://0x7f.0x0.0x0.0x1/", "http://127.0.0.0x1/", "http://0177.0.0.1/", "http://0177.0.0.01/",
        "http://127.0.0.01/", "http://127.1/", "http://127.0.1/", "http://0/", "http://127.0.0.1./",
        "http://127.0.0.1../",
        "http://127.0.0.256/", "http://127.0.0.1.1/", "http://4294967296/", "http://10.0.0.0.8:80/",
        "http://１２７.０.０.１/", "http://127。0。0。1/", "http://①②⑦.⓪.⓪.①/", "http://ⓛocalhost/", "http://exampl℮.com/",
        "http://127.0.0.1\u{200B}/", "http://%31%32%37.0.0.1/", "http://127%2e0.0.1/",
        "http://localhost%00.example.com/",
        "http://%6c%6f%63alhost/", "http://localhost%2523.example.com/",
        // IPv6 with a zone, or of no form.
        "http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://[::1%25lo]/", "http://[::1/", "http://::1/",
        "http://::1]/", "http://[::1]x/", "http://[::1].example.com/", "http://[127.0.0.1]/", "http://[]/",
        "http://[v1.fe80::1]/", "http://[::ffff:0x7f.1]/", "http://[1::2::3]/", "http://[::1]:/", "http://[[::1]]/",
        // Other schemes, and none.
        "file:///etc/passwd", "FILE:///etc/passwd", "file://localhost/etc/passwd", "file:/etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL", "ftp://example.com/x", "sftp://example.com/x",
        "dict://127.0.0.1:11211/stat",
        "ldap://127.0.0.1/", "tftp://127.0.0.1/x", "smb://127.0.0.1/x", "data:application/pdf;base64,JVBERi0=",
        "javascript:alert(1)", "jar:http://127.0.0.1!/x", "unix:///run/docker.sock", "http+unix://%2Frun%2Fx.sock/",
        "blob:http://127.0.0.1/x", "ws://127.0.0.1/", "//127.0.0.1/", "/etc/passwd", "127.0.0.1", "localhost:80", "",
        "http", "http:", "http:/127.0.0.1/", "http:127.0.0.1", "http:///127.0.0.1/", "http:////127.0.0.1/", "http://",
        "http:///", "http://?x", "http://:80/", "://127.0.0.1/", " ://127.0.0.1/", "url:http://127.0.0.1/",
        "0http://127.0.0.1/", "http\u{0}://127.0.0.1/", "httр://127.0.0.1/",
        // Somebody's name and password, which may be somebody's host.
        "http://user@127.0.0.1/", "http://user:password@example.com/", "http://example.com@127.0.0.1/",
        "http://127.0.0.1@example.com/", "http://@127.0.0.1/", "http://example.com@@127.0.0.1/",
        "http://a@b@127.0.0.1/", "http://example.com:80@127.0.0.1/", "http://example.com%40127.0.0.1/",
        "http://[::1]@example.com/", "http://example.com:@127.0.0.1/",
        // What one parser ends the host with, and another does not.
        "http://example.com\\@127.0.0.1/", "http://127.0.0.1\\.example.com/", "http:\\\\127.0.0.1\\",
        "http:/\\127.0.0.1/",
        "http://127.0.0.1\t/", "http://127.0.\t0.1/", "ht\ttp://127.0.0.1/", "http://127.0.0.1\r\nHost: x/",
        "http://127.0.0.1\n/", "\nhttp://127.0.0.1/", " http://127.0.0.1/", "http://127.0.0.1 /",
        "http://example.com/\r\nX: y", "http://127.0.0.1\u{0}.example.com/", "http://127.0.0.1;.example.com/",
        "http://127.0.0.1,example.com/", "http://127.0.0.1&example.com/", "http://(127.0.0.1)/", "http://$(id)/",
        "http://*/", "http://exa mple.com/", "http://.example.com/", "http://example..com/", "http://example.com./",
        "http://" + String(repeating: "a", count: 64) + ".com/",
        "http://" + String(repeating: "a.", count: 127) + "com/",
        "http://example.com/" + String(repeating: "a", count: 8192),
        // Ports.
        "http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:70000/", "http://127.0.0.1:-80/",
        "http://127.0.0.1:+80/", "http://127.0.0.1:080000/", "http://127.0.0.1:0x50/", "http://127.0.0.1:80:80/",
        "http://127.0.0.1:8 0/", "http://127.0.0.1:http/", "http://example.com:/",
        "http://example.com:99999999999999999999/",
        "http://example.com:８０/",
    ]
}
