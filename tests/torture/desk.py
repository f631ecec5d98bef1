"""An officer at the admin desk, over HTTP: one approval at a time, or several on the page for that.

What was refused because the database was away is tried again; any other refusal is a fault of the portal.
"""

import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import requests

PASSWORD = "officer-under-torture-2026"
QUEUE = "/admin/registration/declaration/"
SECONDS = 120


class DeskFault(AssertionError):
    """The portal answered an officer as it must not."""


class _Away(Exception):
    """The page cannot be had now."""


class Officer:
    """`refused` has the times at which the portal could not answer; `pages` what it said then, to be searched."""

    def __init__(self, base: str, username: str, seed: int) -> None:
        self.base, self.username, self.chance = base, username, random.Random(seed)
        self.session = requests.Session()
        self.session.trust_env = False
        self.did: Counter[str] = Counter()
        self.refused: list[float] = []
        self.pages: list[bytes] = []
        self.fault: BaseException | None = None

    def sign_in(self) -> None:
        """Waits for the portal to come up."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            with suppress(_Away):
                page = self._get("/admin/login/?next=/admin/")
                data = {"username": self.username, "password": PASSWORD, "next": "/admin/"}
                self._post("/admin/login/?next=/admin/", data, page)
                self.refused.clear()
                return
            time.sleep(0.3)
        raise DeskFault("the portal did not come up")

    def approve_all(self, pks: Sequence[int], seconds: float) -> None:
        """All of these, in bundles of one to eight, spread over about so many seconds. Faults are kept in `fault`."""
        began, place = time.monotonic(), 0
        try:
            while place < len(pks):
                size = self.chance.choice([1, 1, 1, 2, 3, 5, 8])
                self.approve(pks[place : place + size])
                place += size
                due = began + seconds * min(1.0, place / len(pks))
                time.sleep(max(0.0, due - time.monotonic()))
        except BaseException as fault:
            self.fault = fault

    def approve(self, pks: Sequence[int]) -> None:
        """Until the desk says that they are approved."""
        deadline = time.monotonic() + SECONDS
        again = False
        while time.monotonic() < deadline:
            try:
                if (self._single if len(pks) == 1 else self._together)(pks):
                    return
            except _Away:
                self.did["pressed again"] += 1
                again = True
            time.sleep(0.3 if again else 0)
        raise DeskFault(f"{len(pks)} declarations could not be approved")

    def _single(self, pks: Sequence[int]) -> bool:
        """Opens the dossier and presses the button; whether there is nothing left to press."""
        page = self._get(f"{QUEUE}{pks[0]}/change/")
        button = re.search(r'formaction="([^"]*/approve/)"', page)
        if button is None:
            return True
        self._post(button[1], {"revision": _field(page, "revision"), "reason": ""}, page)
        self.did["approved alone"] += 1
        return True

    def _together(self, pks: Sequence[int]) -> bool:
        """Ticks them in the queue, then on the page that lists them; whether none of them is left."""
        page = self._get(QUEUE)
        chosen = {"action": "approve_together", "_selected_action": [str(pk) for pk in pks], "index": "0"}
        leads_to = self._post(QUEUE, chosen, page).headers.get("Location", "")
        if not leads_to.startswith(f"{QUEUE}together/approve/"):
            raise DeskFault("the queue's action does not lead to the page about what was ticked")
        listed = self._answer("GET", leads_to, allowed=(200, 302))
        if listed.status_code == 302:
            return True  # none of them waits for approval any more
        seen = re.findall(r'name="seen" value="(\d+:\d+)"', listed.text)
        self._post(leads_to, {"seen": seen}, listed.text)
        self.did["approved together"] += len(seen)
        return False

    def _get(self, path: str) -> str:
        return self._answer("GET", path).text

    def _post(self, path: str, data: dict[str, object], page: str) -> requests.Response:
        token = {"csrfmiddlewaretoken": _field(page, "csrfmiddlewaretoken")}
        return self._answer("POST", path, data | token, allowed=(200, 302))

    def _answer(
        self, method: str, path: str, data: dict[str, object] | None = None, allowed: Sequence[int] = (200,)
    ) -> requests.Response:
        """Raises _Away for 500 and 503 and when nobody answers, DeskFault for every other refusal."""
        try:
            answer = self.session.request(
                method, self.base + path, data=data, headers={"Referer": self.base}, timeout=60, allow_redirects=False
            )
        except requests.RequestException as problem:
            self.refused.append(time.time())
            raise _Away from problem
        if answer.status_code in (500, 503):
            self.refused.append(time.time())
            self.pages.append(answer.content)
            raise _Away
        # A page that leads elsewhere, to the sign-in for example, is not the page that was asked for.
        if answer.status_code not in allowed:
            raise DeskFault(f"{method} {path} was answered {answer.status_code}")
        return answer


def _field(page: str, name: str) -> str:
    """The value of a hidden field."""
    tag = re.search(rf'<input[^>]*name="{name}"[^>]*>', page)
    value = re.search(r'value="([^"]*)"', tag[0]) if tag else None
    if value is None:
        raise DeskFault(f"the page has no field {name}")
    return value[1]
