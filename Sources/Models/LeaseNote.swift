/// What the holder of a lease tells those who wait: how far it is.
package struct LeaseNote: Codable, Sendable, Equatable {
    package var bytesDone: Int64
    package var bytesTotal: Int64?
    /// What is being worked on.
    package var file: String

    package init(bytesDone: Int64 = 0, bytesTotal: Int64? = nil, file: String = "") {
        self.bytesDone = bytesDone
        self.bytesTotal = bytesTotal
        self.file = file
    }
}
