/// An engine whose behaviour a test decides: vLLM's log, endpoints and streaming, without a model. A Python script, since it
/// must be a process that can be stopped and killed.
package enum StandInEngine {
    /// `[service.engine]` for a settings file.
    ///
    /// - Parameters:
    ///   - answer: the text of every page; what tests leave out is read from files in HOME: see the script.
    ///   - keys: further keys of the table.
    package static func service(answer: String = "", keys: String = "") -> String {
        #"""
        [service.engine]
        log = "vllm"
        gpu = false
        command = ["python3", "-u", "-c", """
        \#(script)
        """]
        environment = { ANSWER = "\#(answer)" }
        \#(keys)
        """#
    }

    /// Files in HOME: `slow-start` makes it say how far it is and never serve, `deaf` leaves `/health` unanswered, `tokens` is
    /// the number of tokens of an answer, one every tenth of a second.
    private static let script = #"""
        import http.server, json, os, re, sys, time
        home = os.environ['HOME']
        has = lambda name: os.path.exists(f'{home}/{name}')
        port = int(open(f'{home}/engine-port').read())
        print('INFO 11-22 10:00:00 [api_server.py:1] vLLM API server version 0.32.0')
        time.sleep(0.2)
        print('(EngineCore pid=7) INFO 11-22 10:00:01 [core.py:1] Initializing a V1 LLM engine (v0.32.0) with config: x')
        time.sleep(0.2)
        print('(EngineCore pid=7) INFO 11-22 10:00:02 [model.py:1] Starting to load model x...')
        for shard in range(2 if has('slow-start') else 5):
            sys.stderr.write(f'\\rLoading safetensors checkpoint shards: {shard * 25}% Completed | {shard}/4 [00:01<00:03,  1.00s/it]')
            sys.stderr.flush()
            time.sleep(0.2)
        while has('slow-start'): time.sleep(0.1)
        class Engine(http.server.BaseHTTPRequestHandler):
            def reply(self, body, kind='application/json'):
                self.send_response(200)
                self.send_header('Content-Type', kind)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def do_GET(self):
                while self.path == '/health' and has('deaf'): time.sleep(0.1)
                self.reply(b'' if self.path == '/health' else b'{"data":[{"id":"stand-in"}]}')
            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
                count = int(open(f'{home}/tokens').read()) if has('tokens') else 1
                if not request.get('stream'):
                    text = {'role': 'assistant', 'content': os.environ['ANSWER']}
                    choice = {'index': 0, 'message': text, 'finish_reason': 'stop'}
                    return self.reply(json.dumps({'model': 'stand-in', 'choices': [choice]}).encode())
                self.send_response(200)
                self.send_header('Content-Type', 'text/event-stream')
                self.send_header('Connection', 'close')
                self.end_headers()
                for number in range(count):
                    part = os.environ['ANSWER'] if number == 0 else ' .'
                    self.event({'index': 0, 'delta': {'content': part}, 'finish_reason': None})
                    if number: time.sleep(0.1)
                self.event({'index': 0, 'delta': {}, 'finish_reason': 'stop'})
                self.wfile.write(b'data: [DONE]\\n\\n')
            def event(self, choice):
                body = json.dumps({'model': 'stand-in', 'choices': [choice]})
                self.wfile.write(f'data: {body}\\n\\n'.encode())
                self.wfile.flush()
            def log_message(self, *a): pass
        server = http.server.ThreadingHTTPServer(('127.0.0.1', port), Engine)
        print('(APIServer pid=5) INFO 11-22 10:00:09 [launcher.py:1] Application startup complete.')
        server.serve_forever()
        """#
}
