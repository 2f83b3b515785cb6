package import Jobs

/// What may be asked of a page.
package typealias PageTask = JobOptions.Task

extension PageTask {
    /// Positions are told by special tokens, which must not be left out of the answer.
    var keepsSpecialTokens: Bool { self == .spotting }
    /// Rows of a table repeat each other with every right.
    var isTable: Bool { self == .table }
}

/// How the engine is told what to do.
package struct PagePrompts: Sendable, Equatable {
    private var texts: [PageTask: String]

    /// PaddleOCR-VL's own prompts.
    package init() {
        texts = [
            .ocr: "OCR:", .table: "Table Recognition:", .formula: "Formula Recognition:",
            .chart: "Chart Recognition:", .seal: "Seal Recognition:", .spotting: "Spotting:",
        ]
    }

    /// - Parameter texts: of the tasks that the engine knows; reading text is always one of them.
    package init(_ texts: [PageTask: String]) {
        self.texts = texts
        if texts[.ocr] == nil { self.texts[.ocr] = "OCR:" }
    }

    /// nil for a task that the engine does not know.
    package subscript(task: PageTask) -> String? { texts[task] }

    package var tasks: [PageTask] { PageTask.allCases.filter { texts[$0] != nil } }
}
