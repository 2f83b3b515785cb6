import ProcessHost
import Testing

@Suite struct AccountFileTests {
    private let accounts = AccountFile(
        passwd: """
            root:x:0:0:root:/root:/bin/bash
            nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
            # a comment:x:7:7::/:/bin/sh
            +nis:x:8:8::/:/bin/sh
            ocr:x:1000:1001:OCR, of the house:/home/ocr:/bin/sh
            broken:x:12
            huge:x:4294967295:4294967295::/:/bin/sh
            negative:x:-1:-1::/:/bin/sh
            :x:13:13::/:/bin/sh
            second-zero:x:0:0::/:/bin/sh
            """,
        group: """
            root:x:0:
            ocr:x:1001:
            video:x:44:ocr,nobody
            render:x:105:nobody,ocr
            own:x:1001:ocr
            prefix:x:50:ocrs,xocr
            short:x
            """)

    private func identity(_ text: String) throws -> Identity { try accounts.resolve(text).identity }

    @Test func aNameHasItsGroups() throws {
        let account = try accounts.resolve("ocr")
        #expect(account.identity == Identity(user: 1000, group: 1001, groups: [44, 105]))
        #expect(account.name == "ocr" && account.home == "/home/ocr")
        #expect(try identity("nobody") == Identity(user: 65534, group: 65534, groups: [44, 105]))
    }

    @Test func aNumberThatHasANameIsThatUser() throws {
        #expect(try accounts.resolve("1000") == accounts.resolve("ocr"))
        #expect(try accounts.resolve("0").name == "root")
    }

    @Test func aNumberWithoutANameHasNoGroupOfOthers() throws {
        let account = try accounts.resolve("1234")
        #expect(account.identity == Identity(user: 1234, group: 1234))
        #expect(account.name == nil && account.home == nil)
    }

    @Test func aGroupThatIsGivenIsTheOnlyOne() throws {
        #expect(try identity("1000:1000") == Identity(user: 1000, group: 1000))
        #expect(try identity("ocr:video") == Identity(user: 1000, group: 44))
        #expect(try identity("1234:root") == Identity(user: 1234, group: 0))
        #expect(try identity("nobody:7") == Identity(user: 65534, group: 7))
    }

    /// 4294967295 is -1, which setresuid(2) takes for "leave as it is": root would stay root.
    @Test(
        arguments: [
            "", ":", "ocr:", ":ocr", "a:b:c", "nowhere", "ocr:nowhere", "4294967295", "4294967296", "1000:4294967295",
            "99999999999999999999", "-1", "+0", "0x0", " root", "root ", "huge", "negative", "broken", "+nis",
            "1000:+0",
            "１０００", "ocr:short",
        ])
    func whatIsNobodyIsRefused(text: String) {
        #expect(throws: AccountFile.Problem.self) { try accounts.resolve(text) }
    }

    @Test func withoutFilesNumbersStillWork() throws {
        let none = AccountFile(passwd: "", group: "")
        #expect(try none.resolve("1000:1000").identity == Identity(user: 1000, group: 1000))
        #expect(throws: AccountFile.Problem.self) { try none.resolve("root") }
    }

    @Test func thisMachinesRootIsRoot() throws {
        #expect(try AccountFile.read().resolve("root").identity.user == 0)
    }
}
