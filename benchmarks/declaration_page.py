"""The declaration page: what a cold visit moves over the line, and how long the server takes for it.

    python -m benchmarks.declaration_page [--save]

gunicorn with production settings on loopback. Weight: every file that Chromium fetches on a first visit, as
transferred (compressed, headers included). Time: median of 200 requests one after the other, beside a page of the
same program that does nothing (`/health/live`), so that the machine's own speed cancels out.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from cryptography.fernet import Fernet
from playwright.sync_api import sync_playwright

from scripts.processes import free_port

ROOT = Path(__file__).resolve().parent.parent
PAGE = "/dang-ky/to-khai/"
REQUESTS = 200
LIMITS = {"kilobytes": 45, "median_ms": 25}


def environment(folder: str) -> dict[str, str]:
    return os.environ | {
        "ENV_FILE": os.devnull,
        "DEBUG": "0",
        "HTTPS": "0",
        "VAR_DIR": folder,
        "SECRET_KEY": "benchmark-" + "k" * 60,
        "ALLOWED_HOSTS": "127.0.0.1",
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "CREDENTIAL_KEYS": Fernet.generate_key().decode(),
        "SMS_GATEWAYS": "esms",
        "ESMS_API_KEY": "none",
        "ESMS_SECRET_KEY": "none",
        "ESMS_BRANDNAME": "none",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }


def fetch(address: str) -> float:
    """Milliseconds from the request to the last byte of the answer."""
    began = time.perf_counter()
    with urllib.request.urlopen(urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})) as answer:
        answer.read()
    return (time.perf_counter() - began) * 1000


def times(address: str) -> list[float]:
    for _ in range(20):
        fetch(address)
    return sorted(fetch(address) for _ in range(REQUESTS))


def weigh(address: str) -> dict[str, int]:
    """Bytes transferred by address path on a cold visit."""
    weights: dict[str, int] = {}
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 360, "height": 740})
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        names: dict[str, str] = {}
        session.on(
            "Network.responseReceived", lambda event: names.update({event["requestId"]: event["response"]["url"]})
        )
        session.on(
            "Network.loadingFinished",
            lambda event: weights.update({names.get(event["requestId"], "?"): int(event["encodedDataLength"])}),
        )
        page.goto(address, wait_until="networkidle")
        browser.close()
    return weights


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/declaration_page.json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        env, port = environment(folder), free_port()
        for command in (
            ["migrate", "-v0"],
            ["collectstatic", "--no-input", "-v0"],
            ["import_agencies", "agencies/data/agencies.csv"],
        ):
            subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=env, check=True)
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "portal.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "1"],
            cwd=ROOT, env=env, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            base = f"http://127.0.0.1:{port}"
            _wait(base)
            page, bare = times(base + PAGE), times(f"{base}/health/live")
            weights = weigh(base + PAGE)
        finally:
            server.terminate()
            server.wait()
    result = {
        "kilobytes": round(sum(weights.values()) / 1024, 1),
        "files": len(weights),
        "median_ms": round(statistics.median(page), 2),
        "p95_ms": round(page[int(REQUESTS * 0.95)], 2),
        "min_ms": round(page[0], 2),
        "max_ms": round(page[-1], 2),
        "bare_median_ms": round(statistics.median(bare), 2),
        "ratio_to_bare": round(statistics.median(page) / statistics.median(bare), 2),
    }
    for address, size in sorted(weights.items(), key=lambda item: -item[1]):
        print(f"{size:8d}  {address.removeprefix(base)}")
    print(json.dumps(result, indent=2))
    print("limits:", LIMITS)
    if arguments.save:
        (ROOT / "benchmarks" / "results" / "declaration_page.json").write_text(json.dumps(result, indent=2) + "\n")
    return 0


def _wait(base: str) -> None:
    for _ in range(100):
        try:
            fetch(f"{base}/health/live")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server did not start")


if __name__ == "__main__":
    sys.exit(main())
