/// The page that is read before any other, and what stands on it.
///
/// `etc/warmup/make-page.py` makes the picture of it; the two texts must be the same.
enum WarmupPage {
    /// A PDF document of one page, built into the program.
    static var document: [UInt8] { PackageResources.warmup_pdf }

    static let text = """
        The crew of eight rows in time because one voice keeps it.
        A coxswain sits in the stern, steers the boat and calls
        each stroke, so that nobody has to look around.
        This page is read once before any other. When the words
        come back as they stand here, the engine is awake.
        Start 06:15, distance 2000 m, crew 8 + 1, boat no. 4739.
        The river was calm; the race took 5 minutes 42 seconds.
        Рулевой держит курс, и восемь гребцов слышат его голос.
        """
}
