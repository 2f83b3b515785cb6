import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// A failure says what happened, where, and what to do.
    @Suite(.serialized) struct Diagnosed {
        @Test func aHungServiceSaysWhereItHangs() throws {
            // As an engine whose child hangs while the main process still listens: the child's stack is what matters.
            let port = try Container.freePort()
            let container = try Container(
                services: #"""
                    [service.engine-like]
                    command = ["python3", "-c", """
                    import http.server, multiprocessing, os, time, threading
                    def wait_for_the_gpu(): time.sleep(1000)
                    class Health(http.server.BaseHTTPRequestHandler):
                        def do_GET(self):
                            if os.path.exists(os.environ['HOME'] + '/hang'): time.sleep(1000)
                            self.send_response(200); self.end_headers()
                        def log_message(self, *a): pass
                    multiprocessing.Process(target=wait_for_the_gpu).start()
                    http.server.ThreadingHTTPServer(('127.0.0.1', int(os.environ['TEST_PORT'])), Health).serve_forever()
                    """]
                    environment = { TEST_PORT = "\#(port)" }
                    ready = { http = "http://127.0.0.1:\#(port)/", every = "100ms", within = "30s" }
                    watch = { http = "http://127.0.0.1:\#(port)/", every = "300ms", timeout = "300ms", failures = 2 }
                    restart = { backoff = ["0s", "0s", "0s"] }
                    """#)
            try container.waitUntilReady()
            try container.folder.write("hang", "")
            #expect(eventually { container.logged("2 health checks failed") })
            #expect(eventually { container.logged("it hung in wait_for_the_gpu") }, "\(container.log)")
            try FileManager.default.removeItem(atPath: "\(container.folder.path)/hang")
            try container.waitUntilReady()
            #expect(try container.get("/health").body.contains("wait_for_the_gpu"))
        }

        @Test func aLifeThatEndedWithoutAWordIsToldByTheNext() throws {
            let folder = try TestFolder()
            let services = "[service.a]\ncommand = [\"/bin/sleep\", \"1000\"]"
            let first = try Container(services: services, environment: ["STATE_DIR": folder.path])
            try first.waitUntilReady()
            first.signal(SIGKILL)
            #expect(try first.exitCode() != 0)
            let second = try Container(services: services, environment: ["STATE_DIR": folder.path])
            try second.waitUntilReady()
            #expect(second.logged("the last life of this container"))
            #expect(second.logged("ended without a word"))
            second.signal(SIGTERM)
            #expect(try second.exitCode() == 0)
            // A clean end leaves no such story.
            let third = try Container(services: services, environment: ["STATE_DIR": folder.path])
            try third.waitUntilReady()
            #expect(!third.logged("ended without a word"))
        }
    }
}
