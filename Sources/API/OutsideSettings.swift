package import Jobs

/// What of the world outside the container this api asks on somebody's word, as its environment says.
package struct OutsideSettings: Sendable, Equatable {
    /// Documents are fetched from http and https URLs.
    package var urlSources = false
    /// Time that fetching a document may take.
    package var urlTimeout = Duration.seconds(60)
    package var webhooks = false
    /// As it is written; what receivers check our signatures by.
    package var webhookSecret: Secret?
    /// A file that holds it.
    package var webhookSecretFile: String?
    /// Hosts that may be asked; empty: every public one.
    package var egressHosts = ""
    /// Address ranges that may be connected to though they are private or special.
    package var egressNetworks = ""
    /// How long a delivery is tried.
    package var deliveryTime = Duration.seconds(86_400)
    /// What says where the object store is, who asks it, and what for.
    package var store: [String: String] = [:]

    package init() {}

    private static let ofTheStore: Set = [
        "COXSWAIN_S3_ALLOW", "COXSWAIN_S3_RESULTS", "COXSWAIN_S3_PATH_STYLE", "SSL_CERT_FILE",
    ]

    init(_ variables: Variables) throws(SettingsError) {
        urlSources = try variables.flag("COXSWAIN_URL_SOURCES") ?? urlSources
        urlTimeout = try variables.duration("COXSWAIN_URL_TIMEOUT") ?? urlTimeout
        webhooks = try variables.flag("COXSWAIN_WEBHOOKS") ?? webhooks
        webhookSecret = variables["COXSWAIN_WEBHOOK_SECRET"].map { Secret($0) }
        webhookSecretFile = variables["COXSWAIN_WEBHOOK_SECRET_FILE"]
        egressHosts = variables["COXSWAIN_EGRESS_HOSTS"] ?? egressHosts
        egressNetworks = variables["COXSWAIN_EGRESS_NETWORKS"] ?? egressNetworks
        deliveryTime = try variables.duration("COXSWAIN_DELIVERY_TIME") ?? deliveryTime
        // Checked here for the words that all of these have in common; what they mean is the store's to say.
        _ = try variables.flag("COXSWAIN_S3_PATH_STYLE")
        store = variables.all.filter { name, _ in
            Self.ofTheStore.contains(name) || ["CLOUDRU_S3_", "AWS_"].contains { name.hasPrefix($0) }
        }
    }
}
