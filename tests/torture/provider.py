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

# Seconds that a second call waits for the first to be answered: less than the caller does.
PATIENCE = 8.0
TOO_LATE = "refused for good what it had held too long"
# The code with which eSMS refuses for good: a template that it does not know.
REFUSED = "146"


class Call(NamedTuple):
    """One request that came, in the order of coming."""

    at: float
    phone: str
    request_id: str
    text: str

    @property
    def credential(self) -> tuple[str, str]:
        """The account's number and the password."""
        number, password = re.search(r"Ma so: (\d+)\. Mat khau: (\w+)\b", self.text).groups()
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
        # Seconds for which the next new message is held before it is answered; request id -> when that is over.
        self.hold_next = 0.0
        self.held: dict[str, threading.Event] = {}
        self.server = _Server(("127.0.0.1", 0), _Handler)
        self.server.provider = self
        self.url = f"http://127.0.0.1:{self.server.server_port}/send"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler: _Handler, message: dict[str, str]) -> None:
        request_id = message["RequestId"]
        wait = self._note(message)
        try:
            # The caller may have been killed: what was accepted is accepted all the same.
            with suppress(ConnectionError):
                self._answer_in_turn(handler, message, wait)
        finally:
            with self.lock:
                self.open[request_id] -= 1

    def _note(self, message: dict[str, str]) -> float:
        """Writes the call down; for how long to hold it."""
        request_id, wait = message["RequestId"], 0.0
        with self.lock:
            is_new = all(call.request_id != request_id for call in self.calls) if self.hold_next else False
            self.calls.append(Call(time.time(), message["Phone"], request_id, message["Content"]))
            self.did["asked again while it still held the message"] += bool(self.open[request_id])
            self.open[request_id] += 1
            if is_new:
                wait, self.hold_next = self.hold_next, 0.0
                self.held[request_id] = threading.Event()
                self.did["held beyond the lease"] += 1
            elif self.fail and self.chance.random() < 0.02:
                wait = 1.0
                self.did["slow"] += 1
        return wait

    def _answer_in_turn(self, handler: _Handler, message: dict[str, str], wait: float) -> None:
        """Of a message that was held, and that came again meanwhile, the first call is refused for good, then the
        second one accepted: a refusal that comes too late must not count.
        """
        request_id = message["RequestId"]
        held, overtaken = self.held.get(request_id), self.open[request_id] > 1
        if held is None or (overtaken and held.is_set()):
            time.sleep(wait)
            return self._decide(handler, message)
        if overtaken:
            held.wait(PATIENCE)
            time.sleep(0.5)
            return self._accept(handler, message, silent=True)
        time.sleep(wait)
        held.set()
        if self.open[request_id] == 1:
            return self._accept(handler, message)
        self._did(TOO_LATE)
        return handler.say(200, json.dumps({"CodeResult": REFUSED}))

    def _decide(self, handler: _Handler, message: dict[str, str]) -> None:
        with self.lock:
            fate, kind = self.chance.random(), self.chance.random()
        if fate < self.fail:
            return self._fail(handler, kind)
        return self._accept(handler, message, drop=kind if fate < self.fail + self.drop else None)

    def _accept(
        self, handler: _Handler, message: dict[str, str], *, silent: bool = False, drop: float | None = None
    ) -> None:
        """Reports it unless `silent`; answers unless it is to `drop` the line."""
        request_id = message["RequestId"]
        with self.lock:
            luck, kind = self.chance.random(), self.chance.random()
            is_new = request_id not in self.accepted
            self.accepted.setdefault(request_id, time.time())
        if is_new and not silent and "CallbackUrl" in message and luck >= self.silent:
            # A report of what it does not answer is the only word that the portal gets.
            early = kind < 0.2 or drop is not None
            self.reporter.report(message["CallbackUrl"], request_id, early=early, anonymous=0.1 < kind < 0.4)
        if drop is not None:
            return self._drop(handler, drop)
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
