"""The provider's receipts: twice each, some before its answer, tried again while the portal cannot take them."""

import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter

PATIENCE = 90.0
# The portal asks for another try with it, and only with it.
LATER = 503


class Reporter:
    """`faults` has every answer of the portal that a receipt must not get."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting = 0
        self.reported: set[str] = set()
        self.did: Counter[str] = Counter()
        self.faults: list[str] = []
        # Straight to this machine, whatever proxy the environment names.
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def report(self, url: str, request_id: str, *, early: bool, anonymous: bool) -> None:
        """`url` is the address that the message named. An early report comes back when it has been taken once.

        An `anonymous` one names the message only by the provider's id, which the portal may not know yet.
        """
        values = {"SMSID": f"s-{request_id}", "SendStatus": "5", "SendSuccess": "1"}
        values |= {} if anonymous else {"RequestId": request_id}
        address = f"{url}?{urllib.parse.urlencode(values)}"
        with self.lock:
            self.waiting += 1
            self.reported.add(request_id)
        taken = bool(early and self._call(address))
        if taken:
            self._did("came before the answer")
        later = threading.Timer(0.5, self._call_twice, (address, int(taken)))
        later.daemon = True
        later.start()

    def _call_twice(self, address: str, taken: int) -> None:
        """Until it has been taken twice, `taken` of them already."""
        deadline = time.monotonic() + PATIENCE
        while taken < 2:
            if self._call(address):
                taken += 1
            elif time.monotonic() > deadline:
                self._fault("a receipt was never taken")
                break
            else:
                time.sleep(0.3)
        with self.lock:
            self.waiting -= 1

    def _call(self, address: str) -> bool:
        """Whether the portal took it. Anything but 200, "later" or no connection is a fault of the portal."""
        try:
            with self.opener.open(address, timeout=15) as answer:
                word = answer.read().decode()
        except urllib.error.HTTPError as refusal:
            refusal.close()
            if refusal.code == LATER:
                self._did("told to come later")
            else:
                self._fault(f"a receipt was answered {refusal.code}")
            return False
        except OSError:
            self._did("found nobody")
            return False
        if word == "ok" or (word == "unknown" and "RequestId" not in address):
            self._did("taken" if word == "ok" else "kept for a message not known yet")
        else:
            self._fault(f"a receipt was answered {word!r}")
        return True

    def _did(self, what: str) -> None:
        with self.lock:
            self.did[what] += 1

    def _fault(self, what: str) -> None:
        with self.lock:
            self.faults.append(what)
