import Deliveries
import DocumentSources
import Egress
import FoundationEssentials
import Intake
import Jobs
import Logging
import ObjectStore
import StoreSettings
import VariableCatalog
import WebCalls
import Webhooks

/// The world outside the container, as far as this api asks it anything: where documents may come from, and where what was made
/// of them goes.
struct OutsideWorld: Sendable {
    let store: ObjectStoreSettings
    private let policy: EgressPolicy
    private let settings: OutsideSettings
    private let secret: [UInt8]?

    /// - Throws: ``VariableProblem``.
    init(_ settings: OutsideSettings) throws(VariableProblem) {
        self.settings = settings
        store = try ObjectStoreSettings(environment: settings.store)
        // Each by itself, so that whoever reads the problem knows where it is.
        try Self.check("COXSWAIN_EGRESS_HOSTS") { () throws(EgressProblem) in
            try EgressPolicy(hosts: settings.egressHosts)
        }
        policy = try Self.check("COXSWAIN_EGRESS_NETWORKS") { () throws(EgressProblem) in
            try EgressPolicy(hosts: settings.egressHosts, networks: settings.egressNetworks)
        }
        secret = settings.webhooks ? try Self.secret(settings) : nil
    }

    var targets: DeliveryTargets { DeliveryTargets(store: store, webhooks: settings.webhooks ? policy : nil) }

    var deliveryPolicy: DeliveryPolicy {
        var policy = DeliveryPolicy()
        policy.patience = settings.deliveryTime / .seconds(1)
        return policy
    }

    func fetcher(into spool: Spool, maximumBytes: Int) -> DocumentFetcher {
        DocumentFetcher(
            policy: settings.urlSources ? policy : nil, store: store, spool: spool, maximumBytes: maximumBytes,
            timeout: settings.urlTimeout)
    }

    func channels(_ jobs: JobStore, _ spool: Spool, usesVLM: Bool) -> [Delivery.Kind: any DeliveryChannel] {
        var channels: [Delivery.Kind: any DeliveryChannel] = [:]
        if store.results != nil || !store.allowed.isEmpty {
            let objects = ObjectStore(store)
            channels[.objects] = ObjectChannel(store: jobs, spool: spool, settings: store, usesVLM: usesVLM) {
                (descriptor, bytes, place, contentType, mark, isCancelled) throws(TransferError) in
                try objects.put(
                    descriptor, bytes: bytes, to: place, contentType: contentType, mark: mark, isCancelled: isCancelled)
            }
        }
        if let secret {
            channels[.webhook] = WebhookChannel(
                sender: WebhookSender(policy: policy, secret: secret, certificateFile: store.certificateFile)
            ) { JobNews($0, now: $1).json }
        }
        return channels
    }

    /// Says what of it is switched on.
    func announce(to logger: Logger) {
        if let results = store.results {
            logger.info("results are uploaded", metadata: ["bucket": .string(results.bucket)])
        }
        guard settings.urlSources || settings.webhooks || !store.allowed.isEmpty else { return }
        logger.info(
            "callers may have this container ask others",
            metadata: [
                "url_sources": .stringConvertible(settings.urlSources),
                "webhooks": .stringConvertible(settings.webhooks),
                "buckets": .string(Set(store.allowed.map(\.bucket)).sorted().joined(separator: ",")),
            ])
    }

    // MARK: Settings

    @discardableResult private static func check<Value>(
        _ variable: String, _ body: () throws(EgressProblem) -> Value
    ) throws(VariableProblem) -> Value {
        do throws(EgressProblem) {
            return try body()
        } catch {
            throw VariableProblem(variable: variable, message: error.description)
        }
    }

    private static func secret(_ settings: OutsideSettings) throws(VariableProblem) -> [UInt8] {
        let variable = settings.webhookSecretFile == nil ? "COXSWAIN_WEBHOOK_SECRET" : "COXSWAIN_WEBHOOK_SECRET_FILE"
        let text = try settings.webhookSecretFile.map(content) ?? settings.webhookSecret?.text
        guard let text else {
            throw VariableProblem(
                variable: "COXSWAIN_WEBHOOKS",
                message: "webhooks are signed, and need COXSWAIN_WEBHOOK_SECRET or COXSWAIN_WEBHOOK_SECRET_FILE; "
                    + "`echo whsec_$(openssl rand -base64 32)` makes one")
        }
        guard let bytes = WebhookSecret.bytes(of: text) else {
            throw VariableProblem(
                variable: variable,
                message: "it must have at least 16 characters, or be `whsec_` and at least 16 bytes in base64; "
                    + "`echo whsec_$(openssl rand -base64 32)` makes one")
        }
        return bytes
    }

    private static func content(of path: String) throws(VariableProblem) -> String {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw VariableProblem(
                variable: "COXSWAIN_WEBHOOK_SECRET_FILE", message: "\(path) cannot be read by the api's user")
        }
        let text = String(decoding: data.prefix(4096), as: UTF8.self)
        // Editors end files with a line break.
        return String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
