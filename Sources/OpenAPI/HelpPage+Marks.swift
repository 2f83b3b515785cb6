// How the page is marked up.
extension HelpPage {
    static func table(_ heads: [String], _ rows: [[String]]) -> String {
        let head = heads.map { "<th scope=\"col\">\($0)</th>" }.joined()
        let body = rows.map { row in "<tr>\(row.map { "<td>\($0)</td>" }.joined())</tr>\n" }.joined()
        return
            "<div class=\"table\"><table>\n<thead><tr>\(head)</tr></thead>\n<tbody>\n\(body)</tbody>\n</table></div>\n"
    }

    static func badge(_ method: String) -> String { "<b class=\"\(method.lowercased())\">\(method)</b>" }

    static func words(_ schema: JSON) -> String {
        Words.of(schema).map { part in
            guard let name = part.schema else { return escaped(part.text) }
            return "<a href=\"#schema-\(name)\">\(escaped(part.text))</a>"
        }.joined()
    }

    static func paragraphs(_ text: String) -> String {
        text.split(separator: "\n").map { "<p>\(inline(String($0)))</p>\n" }.joined()
    }

    /// What stands in backticks is code.
    static func inline(_ text: String) -> String {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated().map { index, part in
            index % 2 == 0 ? escaped(String(part)) : "<code>\(escaped(String(part)))</code>"
        }.joined()
    }

    static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
        return escaped
    }

    /// RFC 4648 §4.
    static func base64(ofHexadecimal digits: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        let bits = digits.compactMap(\.hexDigitValue).flatMap { digit in (0..<4).map { digit >> (3 - $0) & 1 } }
        var text = ""
        for start in stride(from: 0, to: bits.count, by: 6) {
            let group = (start..<start + 6).reduce(0) { $0 << 1 | ($1 < bits.count ? bits[$1] : 0) }
            text.append(alphabet[group])
        }
        return text + String(repeating: "=", count: (4 - text.count % 4) % 4)
    }

    static let style = """

        :root { color-scheme: light dark; --ink: #1d2430; --soft: #5b6675; --paper: #fff; --panel: #f4f6f9; --line: #dbe1e8;
          --link: #0b5cad; --get: #1f6feb; --post: #1a7f4b; --delete: #b3352c; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --soft: #9aa6b5; --paper: #14181f; --panel: #1d232c;
          --line: #333c48; --link: #79b8ff; --get: #2f6fd0; --post: #23834f; --delete: #b8453c; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; padding: 1.5rem; max-width: 64rem; background: var(--paper); color: var(--ink);
          font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
        h1 { margin: 0; font-size: 2rem; } h1 small { color: var(--soft); font-size: 1rem; font-weight: normal; }
        h2 { margin: 2.5rem 0 .5rem; font-size: 1.4rem; } h3 { margin: 0 0 .5rem; font-size: 1.1rem; } h4 { margin: 1rem 0 0; }
        a { color: var(--link); text-decoration: none; } a:hover, a:focus { text-decoration: underline; }
        code, pre { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .875em; }
        p code, td code { padding: .1em .3em; border-radius: 4px; background: var(--panel); overflow-wrap: anywhere; }
        nav { margin-top: 1rem; padding: .25rem 1.25rem 1rem; border: 1px solid var(--line); border-radius: 8px; }
        nav h2 { margin: 1rem 0 .25rem; color: var(--soft); font-size: .8rem; letter-spacing: .06em; text-transform: uppercase; }
        nav ul { margin: 0; padding: 0; list-style: none; } nav li { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .15rem 0; }
        nav li a { flex: 0 0 19rem; } nav li span { color: var(--soft); }
        section { margin: 1rem 0; padding: 1.25rem; border: 1px solid var(--line); border-radius: 8px; }
        section:target { border-color: var(--link); }
        b[class] { display: inline-block; min-width: 4.2rem; padding: .1rem .4rem; border-radius: 4px; color: #fff;
          font-size: .75rem; text-align: center; } .get { background: var(--get); } .post { background: var(--post); }
        .delete { background: var(--delete); }
        figure { margin: 1rem 0; } figcaption { color: var(--soft); font-size: .875rem; }
        pre { margin: .25rem 0 0; padding: .75rem 1rem; border-radius: 6px; background: var(--panel); overflow-x: auto; }
        .table { margin-top: 1rem; overflow-x: auto; } table { width: 100%; border-collapse: collapse; font-size: .9rem; }
        th { color: var(--soft); font-size: .8rem; font-weight: 600; text-align: left; }
        th, td { padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
        td:first-child { white-space: nowrap; } td i { color: var(--soft); font-size: .8rem; }
        @media (max-width: 40rem) { body { padding: .75rem; } section { padding: .75rem; } td:first-child { white-space: normal; } }
        @media print { section, nav { break-inside: avoid; } }

        """
}
