"""A local HTTP server in eSMS' place: slow, failing, talking garbage, accepting and hanging up, reporting twice."""

import json
import random
import threading
import time
import urllib.request
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode


class Provider:
    """Deduplicates by request id, as eSMS does. `seen` has every text that came, with the ids that it came under."""

    def __init__(self, seed: int, *, fail: float, drop: float, report_to: str = "") -> None:
        self.chance, self.fail, self.drop, self.report_to = random.Random(seed), fail, drop, report_to
        self.lock = threading.Lock()
        self.asked = 0
        # phone -> request ids; request id -> texts; request id -> when it was first accepted
        self.ids: dict[str, set[str]] = defaultdict(set)
        self.texts: dict[str, set[str]] = defaultdict(set)
        self.accepted: dict[str, float] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body are two packets, and the second must not wait for the first to be acknowledged.
            disable_nagle_algorithm = True

            def do_POST(self):
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                provider.answer(self, message)

            def log_message(self, *args):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/send"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler: BaseHTTPRequestHandler, message: dict[str, str]) -> None:
        with self.lock:
            self.asked += 1
            fate, kind, wait = self.chance.random(), self.chance.random(), self.chance.random()
            self.ids[message["Phone"]].add(message["RequestId"])
            self.texts[message["RequestId"]].add(message["Content"])
        if self.fail and wait < 0.02:
            time.sleep(1)
        if fate < self.fail:
            return self._fail(handler, kind)
        with self.lock:
            is_new = message["RequestId"] not in self.accepted
            self.accepted.setdefault(message["RequestId"], time.time())
        if is_new and self.report_to:
            self._report(message["RequestId"], early=kind < 0.2)
        if fate < self.fail + self.drop:
            handler.close_connection = True
            return None
        code = "100" if is_new else "124"
        return self._say(handler, 200, json.dumps({"CodeResult": code, "SMSID": f"s-{message['RequestId']}"}))

    def _fail(self, handler: BaseHTTPRequestHandler, kind: float) -> None:
        if kind < 0.5:
            self._say(handler, 503, "{}")
        elif kind < 0.7:
            self._say(handler, 200, "<html>oops</html>")
        elif kind < 0.9:
            self._say(handler, 200, json.dumps({"CodeResult": "103"}))
        else:
            handler.close_connection = True

    def _say(self, handler: BaseHTTPRequestHandler, status: int, body: str) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body.encode())

    def _report(self, request_id: str, *, early: bool) -> None:
        values = {"SMSID": f"s-{request_id}", "RequestId": request_id, "SendStatus": "5", "SendSuccess": "1"}

        def call() -> None:
            for _ in range(2):
                try:
                    urllib.request.urlopen(f"{self.report_to}?{urlencode(values)}", timeout=5).close()
                except OSError:
                    return

        if early:
            call()
        else:
            timer = threading.Timer(0.5, call)
            timer.daemon = True
            timer.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
