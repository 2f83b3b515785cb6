import TestSupport
import Testing

/// Whole containers around a real vLLM: real processes, real logs, real failures; only the model is a toy, and what it
/// reads is noise. `make test-vllm` installs it and runs these.
///
/// Each story prints what PID 1 said of it and when. The times of a test's limits are for a machine that does other work
/// too; what is promised is checked against PID 1's own settings.
@Suite(
    .serialized, .timeLimit(.minutes(60)),
    .enabled(
        if: VLLM.folder != nil,
        "SKIPPED: COXSWAIN_TEST_VLLM names no vLLM; `make test-vllm` installs one (3.5 GB) and runs these"),
    .enabled(if: Container.isPossible, "SKIPPED: unshare --pid needs CAP_SYS_ADMIN"))
enum RealVLLM {}
