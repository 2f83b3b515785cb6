import Intake
import Testing

@Suite struct HeaderValueTests {
    @Test func readsParameters() {
        let value = HeaderValue("Form-Data; Name=\"a;b\" ; filename=\"q\\\"x\\\\y.pdf\"; plain=1;")
        #expect(value?.main == "form-data")
        #expect(value?.parameter("name") == "a;b")
        #expect(value?.parameter("filename") == "q\"x\\y.pdf")
        #expect(value?.parameter("plain") == "1")
    }

    @Test func leavesTheBackslashesOfOldBrowsersAlone() {
        #expect(HeaderValue("f; filename=\"C:\\tmp\\new.pdf\"")?.parameter("filename") == "C:\\tmp\\new.pdf")
    }

    @Test(arguments: ["f; name=\"a", "f; name", "f; =a", "f; name=\"a\"b"])
    func refusesWhatIsNoHeader(text: String) {
        #expect(HeaderValue(text) == nil)
    }

    @Test func findsAQuoteBeforeACombiningMark() {
        #expect(HeaderValue("f; name=\"\u{301}a\"")?.parameter("name") == "\u{301}a")
    }

    @Test func decodesExtendedValues() {
        #expect(HeaderValue.decodeExtended("UTF-8''%D0%B0%20b.pdf") == "а b.pdf")
        #expect(HeaderValue.decodeExtended("iso-8859-1'en'%A3.pdf") == "£.pdf")
        for bad in ["UTF-8''%D0", "UTF-8''%zz", "utf-16''a", "plain", "UTF-8'a", "UTF-8''%"] {
            #expect(HeaderValue.decodeExtended(bad) == nil, "\(bad)")
        }
    }
}

@Suite struct SafeStemTests {
    @Test(arguments: [
        ("report.pdf", "report"), ("report.v1.pdf", "report.v1"), ("report", "report"),
        ("../../etc/passwd", "passwd"), ("..\\..\\boot.ini", "boot"), ("/etc/shadow", "shadow"),
        ("C:\\Users\\me\\Скан 1.pdf", "Скан 1"), (".htaccess", "htaccess"), ("...", "document"),
        ("..", "document"), (".", "document"), ("", "document"), ("///", "document"), (".pdf", "pdf"),
        ("a\u{0}b\n\u{1B}[31m.pdf", "a_b__[31m"), ("x\u{202E}fdp.exe", "x_fdp"), ("a:b*c?.pdf", "a_b_c_"),
        ("name. .pdf", "name"), (" padded .pdf", "padded"), ("дом/сад.pdf", "сад"),
    ])
    func isSafe(name: String, stem: String) {
        #expect(SafeStem(fileName: name).text == stem)
    }

    @Test func hasAFallback() {
        #expect(SafeStem(fileName: nil).text == "document")
    }

    @Test(arguments: ["я", "a", "漢", "👩‍🚀", "é"])
    func isCutToValidUTF8(letter: String) {
        let stem = SafeStem(fileName: String(repeating: letter, count: 300) + ".pdf").text
        #expect(stem.utf8.count <= SafeStem.maximumBytes)
        #expect(stem.utf8.count > SafeStem.maximumBytes - 4)
        #expect(String(validating: Array(stem.utf8), as: UTF8.self) == stem)
        #expect(!stem.unicodeScalars.contains("\u{FFFD}"))
    }
}

@Suite struct DocumentKindTests {
    private func sniff(_ text: String) -> DocumentKind? { DocumentKind.sniff(Array(text.utf8)) }

    @Test func knowsWhatTheRendererReads() {
        #expect(sniff("%PDF-1.7\n") == .pdf)
        #expect(sniff(String(repeating: " ", count: 1019) + "%PDF-1.4") == .pdf)
        #expect(DocumentKind.sniff([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0]) == .png)
        #expect(DocumentKind.sniff([0xFF, 0xD8, 0xFF, 0xE0]) == .jpeg)
        #expect(DocumentKind.sniff([0x49, 0x49, 42, 0]) == .tiff)
        #expect(DocumentKind.sniff([0x4D, 0x4D, 0, 42]) == .tiff)
        #expect(DocumentKind.sniff([0x49, 0x49, 43, 0]) == .tiff)
        #expect(sniff("RIFF\u{1}\u{0}\u{0}\u{0}WEBPVP8 ") == .webp)
    }

    @Test(arguments: ["", "%PDF", "PK\u{3}\u{4}", "<html>", "GIF89a", "RIFF\u{1}\u{0}\u{0}\u{0}WAVE", "plain text"])
    func refusesEverythingElse(text: String) {
        #expect(sniff(text) == nil)
    }

    @Test func doesNotLookBeyondTheFirst1024Bytes() {
        #expect(sniff(String(repeating: " ", count: 1020) + "%PDF-1.4") == nil)
        #expect(DocumentKind.sniff([UInt8](repeating: 0, count: 100_000)) == nil)
    }
}
