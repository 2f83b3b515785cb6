import PublicPort
import Testing

struct RequestIdentifierTests {
    @Test func aClientsNameIsTakenOverWhereItIsPlain() {
        for name in ["a", "A-b_c.9", String(repeating: "x", count: 128), "..", "-"] {
            #expect(RequestIdentifier(name).description == name)
        }
        for name in [
            "", String(repeating: "x", count: 129), "a b", "a,b", "a\nb", "é", "a/b", "<x>", "\"", "a\u{0}", "%41",
        ] {
            let own = RequestIdentifier(name).description
            #expect(own != name && own.count == 32 && own.allSatisfy(\.isHexDigit), "\(name)")
        }
        #expect(RequestIdentifier() != RequestIdentifier())
    }

    @Test func aProblemHasWhatThePlainFormHas() {
        let problem = Problem.text(
            #"{"detail":"x","hint":"y"}"#, status: 400, title: "Bad Request", request: RequestIdentifier("r1"))
        #expect(
            problem
                == #"{"instance":"/requests/r1","status":400,"title":"Bad Request","type":"about:blank","detail":"x","hint":"y"}"#
        )
        #expect(
            Problem.text("{}", status: 1, title: "x", request: RequestIdentifier("r")).hasSuffix(#""about:blank"}"#))
    }
}
