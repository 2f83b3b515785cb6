import APIKeys
import Testing

/// What a header says of who sends it.
@Suite struct CredentialsTests {
    private static let key = "0123456789abcdef-Key"
    private static let other = "fedcba9876543210-Key"

    private func digest(_ text: String) throws -> Credentials { .key(try #require(KeyDigest(of: text.utf8))) }

    @Test(
        arguments: [
            (["Bearer \(key)"], []), ([], [key]), (["bearer \(key)"], []), (["BEARER \(key)"], []),
            (["  Bearer   \(key)  "], []), (["Bearer\t\(key)"], []), ([], [" \(key)\t"]),
            (["Bearer \(key)"], [key]), (["Bearer \(key)", "Bearer \(key)"], []), ([], [key, key]),
            (["Basic dXNlcjpwYXNz"], [key]), (["Bearer "], [key]), (["Bearer \(key)"], [""]),
        ] as [([String], [String])])
    func findsTheKey(_ authorization: [String], _ apiKey: [String]) throws {
        #expect(Credentials(authorization: authorization, apiKey: apiKey) == (try digest(Self.key)))
    }

    @Test(
        arguments: [
            ([], []), ([""], [""]), (["Bearer"], []), (["Bearer    "], []), (["Basic \(key)"], []), ([key], []),
            (["Digest username=\"\(key)\""], []), (["Bearer\(key)"], []), ([], ["  "]), (["Token \(key)"], []),
        ] as [([String], [String])])
    func findsNone(_ authorization: [String], _ apiKey: [String]) {
        #expect(Credentials(authorization: authorization, apiKey: apiKey) == .none)
    }

    @Test(
        arguments: [
            (["Bearer \(key)"], [other]), (["Bearer \(key)", "Bearer \(other)"], []), ([], [key, other]),
            (["Bearer \(key)"], [key, other]), (["Bearer \(key)"], [key.uppercased()]),
        ] as [([String], [String])])
    func doesNotChooseBetweenTwo(_ authorization: [String], _ apiKey: [String]) {
        #expect(Credentials(authorization: authorization, apiKey: apiKey) == .ambiguous)
    }

    @Test func aKeyIsAllOfItsBytes() throws {
        for text in [
            "\(Self.key) \(Self.other)", String(repeating: "k", count: 10_000), "ключ-ключ-ключ", "\(Self.key)\0",
        ] {
            let found = Credentials(authorization: ["Bearer \(text)"], apiKey: [])
            #expect(found == (try digest(text)))
            #expect(found != (try digest(Self.key)))
        }
    }

    @Test func aDigestIsSHA256() throws {
        // FIPS 180-2, appendix B.1.
        let expected = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
        let digest = try #require(KeyDigest(of: Array("abc".utf8)))
        #expect(digest == KeyDigest(hexadecimal: expected))
        #expect(digest == KeyDigest(hexadecimal: expected.lowercased()))
        #expect(try digest.matches(#require(KeyDigest(hexadecimal: expected))))
        #expect(try !digest.matches(#require(KeyDigest(hexadecimal: expected.dropLast() + "c"))))
        #expect(try !digest.matches(#require(KeyDigest(hexadecimal: "a" + expected.dropFirst()))))
        for wrong in [
            "", "ab", expected + "0", String(expected.dropLast()), expected.dropLast() + "g",
            "+" + expected.dropFirst(),
        ] {
            #expect(KeyDigest(hexadecimal: wrong) == nil)
        }
    }
}
