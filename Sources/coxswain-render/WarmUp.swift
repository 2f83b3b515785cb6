import CLeptonica
import CPDFScan
import CPoppler
import RenderProtocol

/// Pays once, at the start, for what the libraries put off to their first use: the search for fonts (the text below
/// names one that is not embedded), poppler's tables, cairo's and freetype's caches, the encoder.
func warmUp() {
    setMsgSeverity(CInt(L_SEVERITY_NONE))
    // Formatting messages that nobody reads costs more than dropping them.
    g_log_set_default_handler({ _, _, _, _ in }, nil)
    // By default glibc gives memory back after every page and asks for it again. A document's goes back when it is closed.
    mallopt(M_MMAP_THRESHOLD, 4 << 20)
    mallopt(M_TRIM_THRESHOLD, 16 << 20)
    cpdfscan_keep_tables()
    let text = "BT /F 12 Tf 10 10 Td (warm) Tj ET 0 0 0 1 k 0 0 5 5 re f"
    let source = """
        %PDF-1.4
        1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
        2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
        3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj
        4 0 obj<</Length \(text.utf8.count)>>stream
        \(text)
        endstream endobj
        5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
        trailer<</Root 1 0 R/Size 6>>
        """
    // A warm-up that fails is no reason not to serve: documents bring most of their fonts along.
    guard let document = try? PDFDocument(source: source) else { return }
    _ = try? document.render(page: 0, budget: PixelBudget(dpi: 72))
}
