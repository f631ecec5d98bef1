"""From Ghi nhận to a complete PDF, with citizens at the same time, against gunicorn with production settings."""

import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import requests

from benchmarks.declaration_page import environment
from registration.demo_images import draw_id_card, draw_portrait, jpeg_bytes
from scripts.processes import free_port, stop
from scripts.redis_server import running_redis

ROOT = Path(__file__).resolve().parent.parent
FORM = "/dang-ky/to-khai/"
CITIZENS = 2
AGENCIES = "agencies/data/agencies.csv"
WAIT_SECONDS = 30


def photos() -> dict[str, bytes]:
    name, number = "Nguyễn Thị Mẫu", "079190000123"
    return {
        "portrait": jpeg_bytes(draw_portrait(3)),
        "id_front": jpeg_bytes(draw_id_card("front", name=name, number=number)),
        "id_back": jpeg_bytes(draw_id_card("back", name=name, number=number)),
    }


def register(base: str, number: int, pictures: dict[str, bytes]) -> float:
    """One citizen's whole registration; the seconds from pressing Ghi nhận to the last byte of the PDF."""
    session = requests.Session()
    page = session.get(base + FORM, timeout=WAIT_SECONDS).text
    hidden = dict(re.findall(r'name="(draft|csrfmiddlewaretoken)" value="([^"]+)"', page))
    headers = {"X-CSRFToken": hidden["csrfmiddlewaretoken"], "Referer": base + FORM}
    for kind, content in pictures.items():
        answer = session.post(
            f"{base}{FORM}anh/", {"kind": kind, **hidden}, files={"photo": ("anh.jpg", content, "image/jpeg")},
            headers=headers, timeout=WAIT_SECONDS,
        )  # fmt: skip
        assert answer.status_code == 201, answer.text
    fields = {
        **hidden, "full_name": "Nguyễn Thị Mẫu", "bhxh_number": f"79{number:08d}", "paper_kind": "cccd",
        "paper_number": "079190000123", "address": "12/3 đường Mẫu, Phường 5, Quận 3", "agency": "07911",
        "phone": f"091{number:07d}", "email": "nguoi.mau@example.com", "consent": "on",
    }  # fmt: skip
    began = time.perf_counter()
    receipt = session.post(base + FORM, fields, headers=headers, timeout=WAIT_SECONDS)
    found = re.search(r'href="(/dang-ky/ho-so/[^"]+/to-khai\.pdf)"', receipt.text)
    assert found, (receipt.status_code, receipt.url)
    pdf = session.get(base + found[1], timeout=WAIT_SECONDS)
    seconds = time.perf_counter() - began
    assert pdf.content.startswith(b"%PDF-")
    assert pdf.content.rstrip().endswith(b"%%EOF")
    return seconds


def measure(registrations: int) -> dict[str, float]:
    """Seconds for `registrations` by two citizens at a time; the very first of a fresh server counts, too."""
    pictures, seconds = photos(), []
    with tempfile.TemporaryDirectory() as folder, running_redis(Path(folder) / "redis") as redis_url:
        limits = {f"RATE_{name}": "100000/minute" for name in ("SUBMIT", "UPLOAD", "SAVE")}
        env = environment(folder) | limits | {"REDIS_URL": redis_url, "LOG_LEVEL": "ERROR"}
        for command in (["migrate", "-v0"], ["collectstatic", "--no-input", "-v0"], ["import_agencies", AGENCIES]):
            subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=env, check=True)
        port = free_port()
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "portal.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2",
             "--threads", "4", "--log-level", "error", "--no-control-socket"],
            cwd=ROOT, env=env,
        )  # fmt: skip
        try:
            base = f"http://127.0.0.1:{port}"
            _wait(base)
            _run(base, registrations, pictures, seconds)
        finally:
            stop(server)
    ordered = sorted(seconds)
    assert len(ordered) == registrations, f"{registrations - len(ordered)} registrations failed"
    return {
        "registrations": registrations,
        "first_s": round(seconds[0], 3),
        "median_s": round(ordered[len(ordered) // 2], 3),
        "p95_s": round(ordered[int(len(ordered) * 0.95)], 3),
        "max_s": round(ordered[-1], 3),
    }


def _run(base: str, registrations: int, pictures: dict[str, bytes], seconds: list[float]) -> None:
    def citizen(first: int) -> None:
        for number in range(first, registrations, CITIZENS):
            seconds.append(register(base, number + 1, pictures))

    threads = [threading.Thread(target=citizen, args=(first,)) for first in range(CITIZENS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _wait(base: str) -> None:
    for _ in range(200):
        try:
            requests.get(f"{base}/health/live", timeout=2)
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server did not start")
