import RenderProtocol

extension PixelBudget {
    /// What is wrong with a page that a renderer made for this budget, or nil. A renderer that a document has taken over
    /// may send anything that decodes.
    func objection(to page: RenderedPage) -> String? {
        guard page.width * page.height <= pagePixels,
            page.pictures.allSatisfy({ $0.width * $0.height <= picturePixels })
        else { return "drew more pixels than it was allowed" }
        let entire = PixelBox(x: 0, y: 0, width: page.width, height: page.height)
        if regions == .whole, page.pictures.map(\.box) != [entire] { return "sent other than the one page asked for" }
        return nil
    }
}
