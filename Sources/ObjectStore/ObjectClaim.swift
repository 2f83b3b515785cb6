import Downloads
import WebCalls

/// An object that replaces no other: several containers may write below one prefix, and two documents of one name in one
/// second get one name.
///
/// Looked at first, since not every store knows conditions; and made on the condition that there is none, since what was
/// looked at may change. An object that has the writer's mark is there already: an earlier try has made it, and its answer
/// was lost.
struct ObjectClaim {
    let conversation: StoreConversation
    /// Who writes.
    let mark: String

    /// What the object itself says of its writer.
    static let field = "x-amz-meta-coxswain-job"

    enum Holder { case nobody, us, others }

    /// Who has the name. A store that does not let it be looked at says so again when the object is made.
    func holder() throws(StoreFault) -> Holder {
        try conversation.repeating { () throws(StoreFault) -> Holder in
            do throws(StoreFault) {
                return try conversation.ask("HEAD").head[Self.field] == mark ? .us : .others
            } catch {
                guard error.status != nil, !error.isRepeated else { throw error }
                return .nobody
            }
        }
    }

    /// - Parameter make: makes the object, where there is none.
    func place(_ make: () throws(StoreFault) -> Void) throws(StoreFault) -> ObjectStore.Placement {
        switch try holder() {
        case .us: return .stored
        case .others: return .taken
        case .nobody: break
        }
        do throws(StoreFault) {
            try make()
            return .stored
        } catch {
            guard error.isTaken else { throw error }
            return try holder() == .us ? .stored : .taken
        }
    }
}
