import API
import EngineClient
import Pipeline
import Rendering

/// Why a warm-up did not pass, and whose fault that is.
struct WarmupFailure: Error, CustomStringConvertible {
    /// The exit status, by which PID 1 decides what follows.
    enum Fault: Int32 {
        /// The engine gave no answer, or not what stands on the page: it is replaced.
        case engine = 1
        /// Nothing was learned about the engine (EX_SOFTWARE): the warm-up is run again.
        case ours = 70
        /// Nothing helps but another setting (EX_CONFIG).
        case settings = 78
    }

    let fault: Fault
    let description: String

    init(_ fault: Fault, _ description: String) {
        self.fault = fault
        self.description = description
    }

    /// A page that was not read.
    init(_ failure: PageReader.Failure, page: Int) {
        switch failure {
        case .drawing(let error):
            self.init(error, "page \(page) of the warm-up cannot be drawn")
        case .engine(let error):
            let description = "page \(page) of the warm-up was not read: \(error.message)"
            switch (error.code, error.status) {
            case (.invalidConfiguration, _): self.init(.settings, description)
            // An engine that is started again serves the same names to the same people.
            case (.rejected, 401), (.rejected, 403), (.rejected, 404):
                self.init(.settings, description + "; check COXSWAIN_ENGINE_URL and COXSWAIN_ENGINE_MODEL")
            default: self.init(.engine, description)
            }
        }
    }

    /// A renderer's error; the document is the operator's where it is to blame, for our own is known to be good.
    init(_ error: RenderError, _ what: String) {
        self.init(error.isSendersFault ? .settings : .ours, "\(what): \(error.message)")
    }

    init(_ error: EngineError) {
        self.init(error.code == .invalidConfiguration ? .settings : .ours, error.message)
    }
}
