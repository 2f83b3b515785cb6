/// The pages that are read before any other, and what stands on them.
///
/// `etc/warmup/make-page.py` makes the pictures of them; the texts must be the same.
enum WarmupPage {
    /// A PDF document, built into the program: a whole page, half of one, and a strip.
    static var document: [UInt8] { PackageResources.warmup_pdf }

    /// The text of each page.
    static let texts = [
        """
        The crew of eight rows in time because one voice keeps it.
        A coxswain sits in the stern, steers the boat and calls
        each stroke, so that nobody has to look around.
        This page is read once before any other. When the words
        come back as they stand here, the engine is awake.
        Start 06:15, distance 2000 m, crew 8 + 1, boat no. 4739.
        The river was calm; the race took 5 minutes 42 seconds.
        Весла на воду!
        Whoever reads this far has read the whole page.
        """,
        """
        Half a page is enough for a short report of the weather.
        Wind from the south-west, 3 m/s, later turning to west.
        The lock is open from 7:00 to 20:30, on Sundays from 9:00.
        """,
        """
        One line alone, cut out of page 27.
        """,
    ]
}
