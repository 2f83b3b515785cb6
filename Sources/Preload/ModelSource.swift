import Readable
package import StoreSettings

/// One place that models come from, as `COXSWAIN_MODEL_SOURCES` names it.
package enum ModelSource: Sendable, Equatable {
    /// The Hugging Face hub, or the mirror that `HF_ENDPOINT` names.
    case hub
    /// The vendor's tar, whose address the manifest has.
    case archive
    /// `s3://BUCKET/PREFIX`; the prefix without slashes around it.
    case bucket(name: String, prefix: String)
    case directory(WebAddress)
    /// An absolute path on this machine.
    case folder(String)

    package struct Unusable: Error, Equatable, CustomStringConvertible {
        package var description: String
    }

    package init(_ text: String) throws(Unusable) {
        switch text {
        case "huggingface": self = .hub
        case "archive": self = .archive
        case _ where text.hasPrefix("s3://"):
            let parts = text.dropFirst(5).split(separator: "/", omittingEmptySubsequences: true)
            guard let name = parts.first, ObjectPlace.isBucket(name), text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
            else {
                throw Unusable(description: "\(PlainText.short(text)): write it as s3://BUCKET/PREFIX")
            }
            self = .bucket(name: String(name), prefix: parts.dropFirst().joined(separator: "/"))
        case _ where text.hasPrefix("http://") || text.hasPrefix("https://"):
            guard let address = WebAddress(text) else {
                // Not repeated: a URL that is wrong in this way may have a password in it.
                throw Unusable(description: "a URL must be https://HOST[:PORT]/FOLDER, without user, ? and #")
            }
            guard address.isEncrypted || address.isLoopback else {
                throw Unusable(
                    description: "\(address): over http anybody on the way can change a model; use https")
            }
            self = .directory(address)
        case _ where text.hasPrefix("/"):
            guard !text.utf8.contains(0) else { throw Unusable(description: "a path has a zero byte") }
            self = .folder(text)
        default:
            throw Unusable(
                description:
                    "\(PlainText.short(text)): write huggingface, archive, s3://BUCKET/PREFIX, https://HOST/FOLDER or /FOLDER"
            )
        }
    }

    /// A list, separated by commas.
    package static func list(_ text: String) throws(Unusable) -> [ModelSource] {
        var sources: [ModelSource] = []
        for part in text.split(separator: ",") {
            let source = try ModelSource(String(part.trimmed))
            if !sources.contains(source) { sources.append(source) }
        }
        guard !sources.isEmpty else { throw Unusable(description: "it names no source") }
        return sources
    }

    /// Reads nothing over a network.
    package var isLocal: Bool {
        if case .folder = self { return true }
        return false
    }
}

extension ModelSource: CustomStringConvertible {
    /// As the setting has it.
    package var description: String {
        switch self {
        case .hub: "huggingface"
        case .archive: "archive"
        case .bucket(let name, let prefix): prefix.isEmpty ? "s3://\(name)" : "s3://\(name)/\(prefix)"
        case .directory(let address): address.description
        case .folder(let path): path
        }
    }
}
