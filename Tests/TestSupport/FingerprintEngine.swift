/// An engine that reads each picture as its own fingerprint: two pages have the same text only when they are the same
/// picture, so whatever is lost, doubled or out of place is seen. A process, to be killed.
package enum FingerprintEngine {
    /// `[service.engine]` and the other services' budgets, for things that die more often than the defaults allow.
    ///
    /// - Parameters:
    ///   - answer: seconds that an answer takes.
    ///   - limit: crashes before it is given up.
    package static func services(answer: Double = 0.1, limit: Int = 10_000) -> String {
        #"""
        [service.engine]
        gpu = false
        command = ["python3", "-u", "-c", """
        \#(script)
        """, "{port}", "\#(answer)"]
        restart = { backoff = ["0s", "0s", "0s"], limit = \#(limit), failed-starts = \#(limit) }
        [service.engine.watch]
        http = "{url}/health"
        every = "5s"
        timeout = "2s"
        failures = 3
        silence = "0s"
        canary = { after = "0s" }
        [service.api]
        restart = { backoff = ["0s", "0s", "0s"], limit = \#(limit), failed-starts = \#(limit) }
        [service.warmup]
        restart = { backoff = ["0s", "0s", "0s"], limit = \#(limit), failed-starts = \#(limit) }
        """#
    }

    /// What a container with it needs besides.
    package static let environment = ["COXSWAIN_WARMUP_MAX_ERROR": "off", "COXSWAIN_PAGE_DPI": "72"]

    /// A picture of 600 × 61 pixels ends it. `count` in HOME gets a line for each picture that it is given.
    private static let script = #"""
        import base64, hashlib, http.server, json, os, sys, time
        port, pause = int(sys.argv[1]), float(sys.argv[2])
        def size(jpeg):
            at = 2
            while jpeg[at] == 0xFF:
                if jpeg[at + 1] in (0xC0, 0xC1, 0xC2):
                    return int.from_bytes(jpeg[at + 7:at + 9]), int.from_bytes(jpeg[at + 5:at + 7])
                at += 2 + int.from_bytes(jpeg[at + 2:at + 4])
        class Engine(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def reply(self, body):
                self.send_response(200)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def do_GET(self):
                self.reply(b'' if self.path == '/health' else b'{"data":[{"id":"fingerprint"}]}')
            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
                url = request['messages'][0]['content'][0]['image_url']['url']
                picture = base64.b64decode(url.split(',', 1)[1])
                width, height = size(picture)
                text = f'{width}x{height} {hashlib.sha256(picture).hexdigest()}'
                with open(os.environ['HOME'] + '/count', 'a') as file: file.write(text + '\\n')
                time.sleep(pause)
                if (width, height) == (600, 61): os._exit(3)
                choice = {'index': 0, 'message': {'role': 'assistant', 'content': text}, 'finish_reason': 'stop'}
                self.reply(json.dumps({'model': 'fingerprint', 'choices': [choice]}).encode())
            def log_message(self, *a): pass
        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256
        Server(('127.0.0.1', port), Engine).serve_forever()
        """#
}
