"""Photos through the real nginx and gunicorn: the pool of their own, and what they cost the process."""

import os
import re
import threading
import time
from pathlib import Path

import pytest

from tests.deploy.conftest import HOST, Answer, Site
from tests.registration.mutations import photo_file
from tests.registration.test_decoding import deep_png

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="nothing here depends on the database"
    ),
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is told by Linux only"),
]
FORM = "/dang-ky/to-khai/"
MAX_MB = 200


class Uploader:
    """A browser with the form open."""

    def __init__(self, site: Site) -> None:
        self.site, page = site, site.ask(FORM)
        self.token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]
        self.draft = re.search(r'name="draft" value="([^"]+)"', page.text)[1]
        # Several cookies come in one answer, and only the last one is kept by name: this one is asked for alone.
        self.cookie = f"csrftoken={page.headers['set-cookie'].partition('csrftoken=')[2].partition(';')[0]}"

    def send(self, content: bytes, path: str = f"{FORM}anh/") -> Answer:
        fields = {"csrfmiddlewaretoken": self.token, "draft": self.draft, "kind": "id_front"}
        lines = "".join(
            f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
        )
        head = f'{lines}--B\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'
        body = head.encode() + content + b"\r\n--B--\r\n"
        kind = "multipart/form-data; boundary=B"
        return self.site.ask(path, "POST", body, Content_Type=kind, Cookie=self.cookie, Referer=f"https://{HOST}/")


@pytest.fixture
def uploader(site: Site) -> Uploader:
    return Uploader(site)


def processes_under(pid: int) -> dict[int, str]:
    """Peak memory and name of the descendants of a process."""
    found = {}
    # Each thread has children of its own.
    lines = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    for line in " ".join(lines).split():
        try:
            found[int(line)] = Path(f"/proc/{line}/status").read_text()
            found |= processes_under(int(line))
        except OSError:
            continue
    return found


class Watch(threading.Thread):
    """The most memory of each process under gunicorn, in MB, as long as it runs."""

    def __init__(self, pids: list[int]) -> None:
        super().__init__(daemon=True)
        self.pids, self.peaks, self.is_over = pids, dict[int, float](), False

    def run(self) -> None:
        while not self.is_over:
            for pid, status in [item for parent in self.pids for item in processes_under(parent).items()]:
                if peak := re.search(r"VmHWM:\s+(\d+)", status):
                    self.peaks[pid] = max(self.peaks.get(pid, 0), int(peak[1]) / 1024)
            time.sleep(0.01)


def test_photos_go_to_a_pool_of_their_own(site: Site, uploader: Uploader) -> None:
    assert uploader.send(photo_file("jpeg")).status == 201
    uploader.send(b"", FORM)
    web, uploads = ((site.folder / f"{name}.log").read_text() for name in ("gunicorn", "uploads"))
    assert f"POST {FORM}" in uploads and f"GET {FORM}" not in uploads
    assert f"GET {FORM}" in web and f"POST {FORM}" not in web


def test_large_pictures_cost_bounded_memory_and_nobody_elses_time(site: Site, uploader: Uploader) -> None:
    watch = Watch([process.pid for process in site.backends])
    files = [deep_png()] * 8 + [photo_file(f"{kind}-12") for kind in ("jpeg", "jpeg", "png", "webp", "heic", "avif")]
    answers: list[tuple[int, str]] = []

    def send(content: bytes) -> None:
        answer = uploader.send(content)
        answers.append((answer.status, answer.text))

    threads = [threading.Thread(target=send, args=(content,)) for content in files]
    watch.start()
    for thread in threads:
        thread.start()
    slowest = 0.0
    while any(thread.is_alive() for thread in threads):
        started = time.monotonic()
        assert site.ask("/health/live").status == 200
        slowest = max(slowest, time.monotonic() - started)
    watch.is_over = True
    watch.join()
    statuses = [status for status, _text in answers]
    assert statuses.count(422) == 8, answers
    # The others are taken, or told to come again where this machine has much else to do.
    assert set(statuses) <= {201, 422, 503} and statuses.count(201) >= 3, answers
    assert max(watch.peaks.values()) < MAX_MB, watch.peaks
    assert len(watch.peaks) > 2
    assert slowest < 2, slowest
