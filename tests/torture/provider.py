"""A local HTTP server in eSMS' place: slow, failing, talking garbage, accepting and hanging up, reporting twice."""

import json
import random
import re
import threading
import time
from collections import Counter, defaultdict
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from tests.torture.reporting import Reporter


class Call(NamedTuple):
    """One request that came, in the order of coming."""

    at: float
    phone: str
    request_id: str
    text: str

    @property
    def credential(self) -> tuple[str, str]:
        """The account's number and the password."""
        number, password = re.search(r"Ma so: (\d+)\. Mat khau: (\w+)\.", self.text).groups()
        return number, password


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    provider: "Provider"

    def handle_error(self, request, client_address) -> None:
        """A worker that was killed does not hear its answer."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are two packets, and the second must not wait for the first to be acknowledged.
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.provider.answer(self, message)

    def log_message(self, *args) -> None:
        pass

    def say(self, status: int, body: str, *, missing: int = 0) -> None:
        """`missing` bytes are announced and do not come."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) + missing))
        self.end_headers()
        self.wfile.write(body.encode())
        if missing:
            self.close_connection = True


class Provider:
    """Deduplicates by request id, as eSMS does, and remembers every call. What it accepted it may report."""

    def __init__(self, seed: int, *, fail: float, drop: float, silent: float = 0.15) -> None:
        self.chance, self.fail, self.drop, self.silent = random.Random(seed), fail, drop, silent
        self.lock = threading.Lock()
        self.calls: list[Call] = []
        # Request id -> when it was first accepted; request ids that are being answered right now.
        self.accepted: dict[str, float] = {}
        self.open: Counter[str] = Counter()
        self.did: Counter[str] = Counter()
        self.reporter = Reporter()
        # Seconds for which the next new message is held before it is accepted.
        self.hold_next = 0.0
        self.server = _Server(("127.0.0.1", 0), _Handler)
        self.server.provider = self
        self.url = f"http://127.0.0.1:{self.server.server_port}/send"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler: _Handler, message: dict[str, str]) -> None:
        request_id = message["RequestId"]
        held = self._note(message)
        try:
            if held:
                time.sleep(held)
            # The caller may have been killed: what was accepted is accepted all the same.
            with suppress(ConnectionError):
                self._decide(handler, message, surely=bool(held))
        finally:
            with self.lock:
                self.open[request_id] -= 1

    def _note(self, message: dict[str, str]) -> float:
        """Writes the call down; for how long to hold it."""
        request_id, held = message["RequestId"], 0.0
        with self.lock:
            is_new = all(call.request_id != request_id for call in self.calls) if self.hold_next else False
            self.calls.append(Call(time.time(), message["Phone"], request_id, message["Content"]))
            self.did["asked again while it still held the message"] += bool(self.open[request_id])
            self.open[request_id] += 1
            if is_new:
                held, self.hold_next = self.hold_next, 0.0
                self.did["held beyond the lease"] += 1
            elif self.fail and self.chance.random() < 0.02:
                held = 1.0
                self.did["slow"] += 1
        return held

    def _decide(self, handler: _Handler, message: dict[str, str], *, surely: bool) -> None:
        with self.lock:
            fate, kind, luck = self.chance.random(), self.chance.random(), self.chance.random()
        if fate < self.fail and not surely:
            return self._fail(handler, kind)
        request_id = message["RequestId"]
        with self.lock:
            is_new = request_id not in self.accepted
            self.accepted.setdefault(request_id, time.time())
        if is_new and "CallbackUrl" in message and luck >= self.silent:
            self.reporter.report(message["CallbackUrl"], request_id, early=kind < 0.2)
        if fate < self.fail + self.drop and not surely:
            return self._drop(handler, kind)
        code = "100" if is_new else "124"
        return handler.say(200, json.dumps({"CodeResult": code, "SMSID": f"s-{request_id}"}))

    def _fail(self, handler: _Handler, kind: float) -> None:
        if kind < 0.5:
            self._did("answered 503")
            handler.say(503, "{}")
        elif kind < 0.7:
            self._did("answered garbage")
            handler.say(200, "<html>oops</html>")
        elif kind < 0.9:
            self._did("answered that our balance is empty")
            handler.say(200, json.dumps({"CodeResult": "103"}))
        else:
            self._did("hung up")
            handler.close_connection = True

    def _drop(self, handler: _Handler, kind: float) -> None:
        if kind < 0.7:
            self._did("accepted and hung up")
            handler.close_connection = True
        else:
            self._did("accepted and broke off in its answer")
            handler.say(200, '{"CodeResult": "1', missing=20)

    def _did(self, what: str) -> None:
        with self.lock:
            self.did[what] += 1

    def texts(self) -> dict[str, list[str]]:
        """Every text under each request id, in the order of coming."""
        found: dict[str, list[str]] = defaultdict(list)
        for call in self.calls:
            found[call.request_id].append(call.text)
        return found

    def is_at_rest(self) -> bool:
        """Nothing is being answered or waits to be reported."""
        return not +self.open and not self.reporter.waiting

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
