import Foundation

/// Somewhere in this repository that tells a platform how long to wait for a container.
struct ProbePlace: Sendable, CustomStringConvertible {
    /// `kubernetes`, `docker`, `knative`, `kserve` or `compose`.
    let platform: String
    /// Below the repository's folder.
    let file: String

    var description: String { "\(platform) in \(file)" }

    /// The platforms that ask probes. Compose leaves that to the image.
    static let platforms = ["kubernetes", "docker", "knative", "kserve"]

    /// The manifests, the compose file, and every page with a block that is marked `<!-- probes:NAME -->`; the Dockerfile, where
    /// there is one.
    static let all: [ProbePlace] = {
        var found = [
            ProbePlace(platform: "kubernetes", file: "etc/kubernetes/base/statefulset.yaml"),
            ProbePlace(platform: "compose", file: "etc/compose.yaml"),
        ]
        if text(of: "Dockerfile").contains("\nHEALTHCHECK ") {
            found.append(ProbePlace(platform: "docker", file: "Dockerfile"))
        }
        for page in ["README.md"] + pages {
            let text = text(of: page)
            for platform in platforms where text.contains("<!-- probes:\(platform) -->") {
                found.append(ProbePlace(platform: platform, file: page))
            }
        }
        return found
    }()

    /// Those where probes are set.
    static var withProbes: [ProbePlace] { all.filter { platforms.contains($0.platform) } }

    /// Those that end a container which does not end by itself in time, and say when.
    static var withGrace: [ProbePlace] { all.filter { $0.platform != "docker" } }

    func settings() throws -> PlatformSettings {
        let text = Self.text(of: file)
        var settings: PlatformSettings
        if file.hasSuffix(".md") {
            settings = try ProbeSettingsReader.read(ProbeSettingsReader.block(platform, of: text))
        } else {
            settings = try ProbeSettingsReader.read(ProbeSettingsReader.lines(text))
        }
        // What the platform does where nobody says otherwise.
        if ["knative", "kserve"].contains(platform) { settings.progressDeadline = settings.progressDeadline ?? 600 }
        return settings
    }

    private static let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()

    private static var pages: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/docs/how-to")) ?? []
        return names.filter { $0.hasSuffix(".md") }.sorted().map { "docs/how-to/\($0)" }
    }

    /// Empty where there is no such file.
    private static func text(of file: String) -> String {
        (try? String(contentsOfFile: "\(root)/\(file)", encoding: .utf8)) ?? ""
    }
}
