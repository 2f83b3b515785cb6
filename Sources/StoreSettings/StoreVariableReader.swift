import Readable
import VariableCatalog

/// Reads the variables that ``StoreVariables`` are made of, one kind a function.
struct StoreVariableReader {
    typealias Keys = StoreVariables.Keys

    private let environment: [String: String]

    init(_ environment: [String: String]) { self.environment = environment }

    subscript(name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    private func first(_ names: String...) -> (variable: String, text: String)? {
        for name in names { if let text = self[name] { return (name, text) } }
        return nil
    }

    // MARK: - Where

    func endpoint() throws(VariableProblem) -> (variable: String, address: WebAddress)? {
        guard let (variable, text) = first("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "CLOUDRU_S3_ENDPOINT") else {
            return nil
        }
        // Not repeated: a URL that is wrong in this way may have a password in it.
        guard let address = WebAddress(text) else {
            throw VariableProblem(
                variable: variable, message: "it must be a URL such as https://s3.example.com, without user, ? and #")
        }
        return (variable, address)
    }

    func region() throws(VariableProblem) -> String? {
        guard let (variable, text) = first("AWS_REGION", "AWS_DEFAULT_REGION") else { return nil }
        // It becomes a part of a host's name and of what is signed.
        guard text.utf8.count <= 64, text.utf8.allSatisfy(StoreVariables.isRegionByte) else {
            throw VariableProblem(
                variable: variable, message: "\(PlainText.short(text)) is no region, such as eu-central-1")
        }
        return text
    }

    func flag(_ variable: String) throws(VariableProblem) -> Bool? {
        guard let text = self[variable] else { return nil }
        guard let flag = Variable.Kind.flag(text) else {
            throw VariableProblem(variable: variable, message: "\(PlainText.short(text)) is neither true nor false")
        }
        return flag
    }

    // MARK: - As whom

    /// - Parameter endpoint: the variable that names the store: its own keys go before the others.
    func keys(at endpoint: String?) throws(VariableProblem) -> Keys? {
        let own = try pair("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        let replaced = try pair("CLOUDRU_S3_ACCESS_KEY", "CLOUDRU_S3_SECRET_KEY")
        let session = try secret("AWS_SESSION_TOKEN")
        guard session == nil || own != nil else {
            throw VariableProblem(variable: "AWS_SESSION_TOKEN", message: "it is set, and AWS_ACCESS_KEY_ID is not")
        }
        let first = own.map {
            Keys(access: $0.access, secret: $0.secret, session: session, usualRegion: "us-east-1")
        }
        let second = replaced.map {
            Keys(access: $0.access, secret: $0.secret, session: nil, usualRegion: "ru-central-1")
        }
        return endpoint == "CLOUDRU_S3_ENDPOINT" ? second ?? first : first ?? second
    }

    private func pair(_ access: String, _ secret: String) throws(VariableProblem) -> (access: String, secret: String)? {
        switch (try self.secret(access), try self.secret(secret)) {
        case (let key?, let hidden?): return (key, hidden)
        case (nil, nil): return nil
        case (nil, _): throw VariableProblem(variable: access, message: "it is not set, and \(secret) is")
        case (_, nil): throw VariableProblem(variable: secret, message: "it is not set, and \(access) is")
        }
    }

    /// Never repeated in a message.
    private func secret(_ variable: String) throws(VariableProblem) -> String? {
        guard let text = self[variable] else { return nil }
        guard text.utf8.count <= 8192, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw VariableProblem(
                variable: variable,
                message: "it has a space, a line end or another character that is in no key; was it copied whole?")
        }
        return text
    }

    // MARK: - Which parts

    func allowed() throws(VariableProblem) -> [ObjectPlace] {
        let variable = "COXSWAIN_S3_ALLOW"
        var places: [ObjectPlace] = []
        for part in (self[variable] ?? "").split(separator: ",") {
            let text = String(part.trimmed)
            if text.isEmpty { continue }
            let place = try place(text, variable)
            if !places.contains(place) { places.append(place) }
        }
        return places
    }

    /// - Parameter endpoint: the variable that names the store.
    func results(hasKeys: Bool, endpoint: String?, usual: String) throws(VariableProblem) -> ObjectPlace? {
        let variable = "COXSWAIN_S3_RESULTS"
        let bucket = self["CLOUDRU_S3_BUCKET"].map { String($0.trimmed) }
        if let bucket, !ObjectPlace.isBucket(bucket) {
            throw VariableProblem(
                variable: "CLOUDRU_S3_BUCKET", message: "\(PlainText.short(bucket)) is not what a bucket can be called")
        }
        if let text = self[variable] {
            let place = try place(String(text.trimmed), variable)
            guard hasKeys else {
                throw VariableProblem(
                    variable: variable,
                    message: "results are to go there, and neither AWS_ACCESS_KEY_ID nor CLOUDRU_S3_ACCESS_KEY is set")
            }
            guard let folder = place.folder else {
                throw VariableProblem(variable: variable, message: "it is too long")
            }
            return folder
        }
        guard let bucket, self["CLOUDRU_S3_ENDPOINT"] != nil, hasKeys else { return nil }
        // That bucket is not at the other store, and which of the two is meant nobody said.
        if let endpoint, endpoint != "CLOUDRU_S3_ENDPOINT", self[endpoint] != self["CLOUDRU_S3_ENDPOINT"] {
            throw VariableProblem(
                variable: endpoint,
                message:
                    "it and CLOUDRU_S3_ENDPOINT name two stores, and CLOUDRU_S3_BUCKET is in one of them. One store "
                    + "is used: unset one, or name the bucket for results in COXSWAIN_S3_RESULTS")
        }
        return ObjectPlace("s3://\(bucket)/\(usual)")
    }

    private func place(_ text: String, _ variable: String) throws(VariableProblem) -> ObjectPlace {
        guard let place = ObjectPlace(text) else {
            throw VariableProblem(
                variable: variable,
                message: "\(PlainText.short(text)): write s3://BUCKET/PREFIX, without . and .. between its slashes")
        }
        return place
    }
}
