"""What benchmarks.delivery runs beside itself: PostgreSQL, Redis, a provider that answers at once, a Celery worker."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import Queue, get_context
from pathlib import Path
from typing import Any

from scripts import postgres
from scripts.processes import follow_parent, stop
from scripts.redis_server import running_redis
from tests.torture.house import environment

ROOT = Path(__file__).resolve().parent.parent
# Two for each core here: half of its time a process waits for the provider and the database.
WORKERS = 4


class InstantProvider(asyncio.Protocol):
    """eSMS' answer to whatever was posted, on a connection that stays open."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.waiting, self.count = b"", 0

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        head, end, body = self.waiting.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if not end or not length or len(body) < int(length[1]):
            return
        self.waiting, self.count = b"", self.count + 1
        answer = b'{"CodeResult": "100", "SMSID": "%d-%d"}' % (id(self), self.count)
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))


async def _serve(address: "Queue[str]") -> None:
    server = await asyncio.get_running_loop().create_server(InstantProvider, "127.0.0.1", 0)
    address.put(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/send")
    await server.serve_forever()


@contextmanager
def serving() -> Iterator[str]:
    """The address of the provider, which runs in a process of its own."""
    context = get_context("fork")
    address: Queue[str] = context.Queue()
    process = context.Process(target=lambda: asyncio.run(_serve(address)), daemon=True)
    process.start()
    try:
        yield address.get(timeout=10)
    finally:
        process.kill()


@contextmanager
def serving_all(*, fsync: bool) -> Iterator[Path]:
    """With the servers running and Django set up for them; a folder for what they write."""
    word = "on" if fsync else "off"
    postgres.SETTINGS.update({"fsync": word, "synchronous_commit": word, "full_page_writes": word})
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="portal-delivery-")))
        provider = stack.enter_context(serving())
        database = stack.enter_context(postgres.running_postgres())
        broker = stack.enter_context(running_redis(folder / "redis"))
        os.environ.update(environment(folder, broker, database, provider, ""))
        os.environ["LOG_LEVEL"] = "WARNING"
        import django

        django.setup()
        from django.conf import settings

        settings.DEBUG = False  # see benchmarks.delivery_app
        yield folder


@contextmanager
def working(folder: Path) -> Iterator[None]:
    """With the worker running."""
    command = ["celery", "-A", "benchmarks.delivery_app", "worker", "--concurrency", str(WORKERS), "-l", "WARNING"]
    with (folder / "worker.log").open("ab") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", *command, "--without-gossip", "--without-mingle"],
            cwd=ROOT, stdout=log, stderr=log, start_new_session=True, preexec_fn=follow_parent(signal.SIGKILL),
        )  # fmt: skip
        try:
            yield
        finally:
            stop(worker)
