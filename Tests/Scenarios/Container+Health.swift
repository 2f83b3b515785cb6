import Foundation
import TestSupport

extension Container {
    /// What `/health` says of a start, as far as tests read it.
    struct Health: Decodable {
        var phase: String
        var reason: String?
        var progress: Double
        var eta_seconds: Int?
    }

    /// Nil where nothing that can be read answers.
    var health: Health? {
        (try? get("/health?format=json")).flatMap { try? JSONDecoder().decode(Health.self, from: Data($0.body.utf8)) }
    }
}
