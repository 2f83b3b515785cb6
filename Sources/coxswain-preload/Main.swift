import ArgumentParser
import CVersion
import Glibc

@main
struct PreloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coxswain-preload",
        abstract: "Makes a model's weights be there, whole and right, before the engine asks for them.",
        discussion: """
            The environment says what and from where: COXSWAIN_MODELS, COXSWAIN_MODEL_ROOT, COXSWAIN_MODEL_SOURCES, \
            COXSWAIN_MODEL_MANIFESTS, HF_TOKEN, HF_ENDPOINT, COXSWAIN_OFFLINE and others. Without a command it does `fetch`.

            Exit status 0: all is there and right; 64: wrong use; 69: nothing that trying again would help; 75: the same \
            may succeed later; 78: a setting cannot be used; 130, 143: stopped by Ctrl-C, by SIGTERM.
            """,
        version: String(cString: cox_version()),
        subcommands: [
            FetchCommand.self, VerifyCommand.self, ListCommand.self, PruneCommand.self, WarmCommand.self,
        ],
        defaultSubcommand: FetchCommand.self)

    static func main() {
        // A pipe that nobody reads any more is an error of the write that meets it.
        signal(SIGPIPE, SIG_IGN)
        main(nil)
    }
}
