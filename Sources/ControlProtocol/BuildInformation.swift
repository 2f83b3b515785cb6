import Glibc

/// What this program was built with and runs on.
package enum BuildInformation {
    package static func current() -> ControlSources.Build {
        var name = utsname()
        let isKnown = uname(&name) == 0
        return ControlSources.Build(
            swift: compiler, kernel: isKnown ? text(&name.release) : nil,
            architecture: isKnown ? text(&name.machine) : nil,
            pid: getpid())
    }

    /// As exactly as the compiler tells itself.
    private static var compiler: String? {
        #if compiler(>=6.4)
        "6.4 or later"
        #elseif compiler(>=6.3)
        "6.3"
        #elseif compiler(>=6.2)
        "6.2"
        #else
        nil
        #endif
    }

    private static func text(_ field: inout some Any) -> String {
        withUnsafeBytes(of: &field) { bytes in String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
