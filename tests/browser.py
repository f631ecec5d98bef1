"""One headless Chromium a test module, for the tests that look at pages as people do."""

import os
import re
import time
from collections.abc import Callable, Iterator

import pytest
from django.core.signals import request_finished, request_started
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

# Two browsers and a server on two busy cores need patience; a test that passes does not wait for it.
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)

NewContext = Callable[..., BrowserContext]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # Playwright runs an event loop in this thread; Django would take that for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    path = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def arrive(page: Page, ending: str) -> None:
    """Wait until the page stands at an address with this ending (a regular expression) and no query.

    Unlike waiting for one navigation, this does not mind one that a double click has begun anew.
    """
    expect(page).to_have_url(re.compile(f"^[^?]*{ending}$"))
    page.wait_for_load_state()


class UnderWay:
    """The requests that a context has sent and the server of this process has not answered to the end.

    One that outlives its test writes into the next one's database, or stands in the way of emptying it.
    """

    def __init__(self) -> None:
        self.sent: set[Request] = set()
        self.served = 0
        request_started.connect(self._start)
        request_finished.connect(self._finish)

    def watch(self, context: BrowserContext) -> None:
        context.on("request", lambda request: self.sent.add(request))
        context.on("requestfinished", lambda request: self.sent.discard(request))
        context.on("requestfailed", lambda request: self.sent.discard(request))

    def _start(self, **_kwargs: object) -> None:
        self.served += 1

    def _finish(self, **_kwargs: object) -> None:
        self.served -= 1

    def leave(self, context: BrowserContext) -> None:
        """Let the context's pages finish what they began, then close it; what a test holds back is dropped."""
        for page in context.pages:
            page.unroute_all(behavior="ignoreErrors")
            deadline = time.monotonic() + 5
            while self.sent and time.monotonic() < deadline:
                page.wait_for_timeout(20)
            page.goto("about:blank")
        context.close()
        self.sent.clear()

    def end(self) -> None:
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while self.served > 0:
            assert time.monotonic() < deadline, "the server is still busy with this test's requests"
            time.sleep(0.02)
        request_started.disconnect(self._start)
        request_finished.disconnect(self._finish)


@pytest.fixture
def new_context(chromium: Browser, live_server: object) -> Iterator[NewContext]:
    """Makes browser contexts, as many as a test has people; they end before the database is emptied."""
    contexts: list[BrowserContext] = []
    under_way = UnderWay()

    def make(**options: object) -> BrowserContext:
        context = chromium.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        under_way.watch(context)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        under_way.leave(context)
    under_way.end()
