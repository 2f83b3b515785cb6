/// An environment variable that cannot be used as it is set (EX_CONFIG).
package struct VariableProblem: Error, Equatable, CustomStringConvertible {
    package var variable: String
    package var message: String

    package init(variable: String, message: String) {
        self.variable = variable
        self.message = message
    }

    package var description: String { "\(variable): \(message)" }
}
