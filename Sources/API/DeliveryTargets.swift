import Egress
import HTTPTypes
import ObjectStore
import Pipeline
import StoreSettings

/// Judges where a client wants its result, and whom it wants told, when it asks for that: what is taken then is delivered, or
/// said to have failed.
struct DeliveryTargets: Sendable {
    let store: ObjectStoreSettings
    /// Nil: there are no webhooks.
    let webhooks: EgressPolicy?

    /// Bytes of a key that the names of the files may take.
    private static let longestName = 255

    /// - Returns: the place as a folder, `s3://bucket/prefix/`.
    /// - Throws: `APIError` 422 for what is no such place, 403 for one that callers may not name.
    func output(_ text: String) throws -> String {
        // As schemes are: in any case.
        guard text.prefix(5).lowercased() == "s3://", let place = ObjectPlace("s3\(text.dropFirst(2))")?.folder,
            place.appending(String(repeating: "x", count: Self.longestName)) != nil
        else {
            throw APIError(
                .unprocessableContent,
                "`output` must be of the form s3://bucket/prefix/, with a prefix of no more than \(1024 - Self.longestName) bytes."
            )
        }
        guard store.allows(place) else {
            let more =
                store.allowed.isEmpty
                ? "none may be named here; COXSWAIN_S3_ALLOW=s3://bucket/prefix/ would allow some."
                : "it is under none of those that COXSWAIN_S3_ALLOW names."
            throw APIError(.forbidden, "`output` is a place to which callers may not have results written: \(more)")
                .refusing(.target)
        }
        return place.url
    }

    /// - Throws: `APIError` 422 for what is no such URL, 403 for one that is not asked, or where webhooks are off.
    func webhook(_ text: String) throws -> String {
        guard let webhooks else {
            throw APIError(
                .forbidden,
                "There are no webhooks here; COXSWAIN_WEBHOOKS=true and COXSWAIN_WEBHOOK_SECRET would turn them on."
            )
            .refusing(.target)
        }
        do throws(EgressRefusal) {
            return try webhooks.checked(text)
        } catch {
            let message = "`webhook` cannot be told: \(error)."
            if error.kind == .form { throw APIError(.unprocessableContent, message) }
            throw APIError(.forbidden, message).refusing(.target)
        }
    }
}
