import Lifecycle
import StoreSettings
import VariableCatalog

/// Looks at what our own services are told of the object store before anything is started: they would say the same, and end.
enum StoreCheck {
    /// What is wrong, each once, and the service that would say so.
    static func problems(_ services: [ServiceDefinition]) -> [(service: String, problem: VariableProblem)] {
        var problems: [(service: String, problem: VariableProblem)] = []
        for service in services where asksStore(service) {
            do throws(VariableProblem) {
                _ = try StoreVariables(environment: service.environment)
            } catch {
                let isNew = !problems.contains { $0.problem == error }
                if isNew { problems.append((service.name, error)) }
            }
        }
        return problems
    }

    /// Others may mean anything by these variables.
    private static func asksStore(_ service: ServiceDefinition) -> Bool {
        switch service.command.first?.split(separator: "/").last {
        case "coxswain-ocr": service.role == .api
        case "coxswain-preload": service.role == .preload
        default: false
        }
    }
}
