import HTTPTypes
import Health
import Hummingbird
import NIOCore
import Pipeline
import PublicPort

/// An answer that is an error.
///
/// On the replaced container's endpoints it is `{"detail": …}`, as FastAPI has it; elsewhere it is a problem (RFC 9457), which
/// has the same `detail` and says more around it.
struct APIError: Error, Sendable, Equatable {
    var status: HTTPResponse.Status
    /// The plain form: a JSON object with a `detail`, or, of a probe's answer, what it is.
    var body: String
    var headers: [HTTPField]
    /// Why the document was not taken, where the status does not tell.
    var refusal: DocumentRefusal?
    /// What a problem is made of, where that is not the plain form.
    private var members: String?

    /// - Parameters:
    ///   - detail: what happened and what to do, for the client to read; never an engine's own words.
    ///   - hint: more, where the detail has to be the replaced container's.
    init(_ status: HTTPResponse.Status, _ detail: String, hint: String? = nil, headers: [HTTPField] = []) {
        self.status = status
        self.headers = headers
        body = JSONText.encode(hint.map { ["detail": detail, "hint": $0] } ?? ["detail": detail])
    }

    /// A missing form field, as FastAPI reports it.
    init(missingField name: String) {
        status = .unprocessableContent
        headers = []
        let items = [Validation.Item(loc: ["body", name], msg: "Field required", type: "missing")]
        body = JSONText.encode(Validation(detail: items))
        // A problem's detail is a text.
        members = JSONText.encode(Invalid(detail: "The form field `\(name)` is missing.", errors: items))
    }

    /// An answer of the container's state.
    init(_ answer: HealthAnswer) {
        status = HTTPResponse.Status(code: answer.status)
        body = answer.body
        headers = answer.headers.compactMap { field in
            HTTPField.Name(field.name).map { HTTPField(name: $0, value: field.value) }
        }
    }

    func refusing(_ reason: DocumentRefusal) -> APIError {
        var copy = self
        copy.refusal = reason
        return copy
    }

    /// In its plain form.
    var response: Response {
        Response.json(status, body, headers: headers)
    }

    /// As the answer to a request.
    func response(on path: String, _ request: RequestIdentifier) -> Response {
        if Problem.plainPaths.contains(path) { return response }
        let text = Problem.text(
            members ?? body, status: status.code, title: status.reasonPhrase, request: request)
        let fields = headers.filter { $0.name != .contentType }
        return Response.json(
            status, text, headers: fields + [HTTPField(name: .contentType, value: Problem.mediaType)])
    }

    private struct Validation: Encodable {
        struct Item: Encodable {
            var loc: [String]
            var msg: String
            var type: String
        }
        var detail: [Item]
    }

    private struct Invalid: Encodable {
        var detail: String
        var errors: [Validation.Item]
    }
}

extension Response {
    /// - Parameter body: JSON.
    static func json(_ status: HTTPResponse.Status, _ body: String, headers: [HTTPField] = []) -> Response {
        var fields = HTTPFields(headers)
        if fields[.contentType] == nil { fields[.contentType] = "application/json" }
        return Response(status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(string: body)))
    }
}
