import HTTPTypes

extension HTTPFields {
    /// Says that the answer depends on a field of the request (RFC 9110 §12.5.5).
    mutating func addVary(_ name: String) {
        let known = self[values: .vary].flatMap { $0.lowercased().split(separator: ",") }
        guard !known.contains(where: { $0.drop { $0 == " " } == name.lowercased() }) else { return }
        append(HTTPField(name: .vary, value: name))
    }
}
