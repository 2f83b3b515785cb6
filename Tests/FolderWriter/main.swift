import Glibc
import Models

// For `ModelsTests` alone: publishes folders, or holds a lease, until it is killed.
//
//     publish ROOT GENERATION [STEP]   publishes one folder; kills itself at the step
//     again ROOT GENERATION            recovers, and publishes generations from there on, for ever
//     hold ROOT SILENCE                asks for the lease until it has it and tells on standard output when; seconds
//
// Each file of generation G holds nothing but lines `G`, so that a mixture shows.

func say(_ line: String) {
    let text = line + "\n"
    _ = write(STDOUT_FILENO, text, text.utf8.count)
}

func publish(_ generation: Int, in folder: ModelFolder, step: (ModelFolder.PublishStep) -> Void) throws {
    try folder.prepareStaging()
    mkdir("\(folder.staging)/part", 0o755)
    var files: [ModelFile] = []
    for name in ["a.txt", "b.txt", "part/c.txt"] {
        let text = String(repeating: "\(generation)\n", count: 1 + generation % 7 * 1000)
        let file = open("\(folder.staging)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard write(file, text, text.utf8.count) == text.utf8.count else { fatalError("short write") }
        close(file)
        files.append(ModelFile(path: name, size: Int64(text.utf8.count)))
    }
    // What a download leaves.
    close(open("\(folder.staging)/d.partial", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644))
    try folder.writeStamp(for: files, revision: "\(generation)", source: "test")
    try folder.publish(step: step)
}

let arguments = CommandLine.arguments
let folder = ModelFolder(root: arguments[2], manifest: ModelManifest(name: "M", folder: "M", required: ["a.txt"]))
switch arguments[1] {
case "publish":
    try publish(Int(arguments[3]) ?? 0, in: folder) { step in
        if arguments.count > 4, step.rawValue == arguments[4] { kill(getpid(), SIGKILL) }
    }
case "again":
    try folder.recover()
    say("recovered")
    var generation = Int(arguments[3]) ?? 0
    while true {
        try publish(generation, in: folder) { _ in }
        say("\(generation)")
        generation += 1
    }
default:
    var terms = LeaseTerms()
    let unit = Duration.seconds(Double(arguments[3]) ?? 20) / 20
    (terms.renewal, terms.belief, terms.silence, terms.settling) = (unit * 2, unit * 8, unit * 20, unit * 10)
    terms.longestLook = unit * 5
    let candidate = LeaseCandidate(for: folder, terms: terms)
    while true {
        guard case .mine(let lease) = try candidate.attempt() else {
            usleep(10_000)
            continue
        }
        lease.renew(LeaseNote(bytesDone: 42, bytesTotal: 100, file: "model.safetensors"))
        say("held")
        var believed = true
        while !lease.isLost {
            usleep(5000)
            if lease.isHeld != believed {
                believed.toggle()
                say(believed ? "again" : "doubt")
            }
        }
        say("lost")
    }
}
