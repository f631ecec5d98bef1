"""What a phone's photo costs the server: `python -m benchmarks.images [--save]`.

For a 12 megapixel JPEG, a plain open-resize-save of the same file, a HEIC and a few others: the median CPU
time of 20 runs with the fastest and slowest (the machine's noise), and the peak memory of one run above the idle
process, each measured in a fresh process. `--save` writes benchmarks/results/images.json.
"""

import argparse
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("DEBUG", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("VAR_DIR", tempfile.mkdtemp(prefix="portal-benchmark-"))

import pillow_heif
from PIL import Image

from registration.demo_images import draw_id_card, photo_like
from registration.images import normalise

RUNS = 20
RESULTS = Path(__file__).parent / "results" / "images.json"
BUDGET = {"jpeg-12": {"cpu_ms": 200, "memory_mb": 80}, "heic-12": {"cpu_ms": 1200}}


def make_photos(folder: Path) -> None:
    """The photos to measure with, as files named after their kind and megapixels."""
    card = draw_id_card("front", name="Nguyễn Thị Mẫu", number="079190000123", seed=1)
    photo = photo_like(card, 12)
    photo.save(folder / "png-12", "PNG", compress_level=1)  # before the noise: with it no PNG is under 10 MB
    # A camera's noise, without which the codecs would have too little to do.
    noise = Image.effect_noise(photo.size, 28)
    photo = Image.blend(photo, Image.merge("RGB", (noise, noise, noise)), 0.15)
    photo.save(folder / "jpeg-12", "JPEG", quality=92)
    photo.save(folder / "webp-12", "WEBP", quality=80, method=0)
    pillow_heif.from_pillow(photo).save(folder / "heic-12", quality=60, tile_size=512)


def _plain(content: bytes) -> None:
    """What a program without care would do with a photo."""
    with Image.open(io.BytesIO(content)) as image:
        image.resize((1600, round(1600 * image.height / image.width))).save(io.BytesIO(), "JPEG", quality=82)


def _ours(content: bytes) -> None:
    normalise(io.BytesIO(content), "id_front")


WORK: dict[str, Callable[[bytes], None]] = {"normalise": _ours, "plain": _plain}


def _peak_mb() -> float:
    """The most memory that this process has had (ru_maxrss would begin with what its parent had)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def measure(path: Path, work: str) -> dict[str, float]:
    """One file in this process: memory of the first run in MB above idle, CPU of 20 runs in ms."""
    small = io.BytesIO()
    Image.new("RGB", (300, 300)).save(small, "JPEG")
    WORK[work](small.getvalue())  # codecs loaded: idle is a process that has worked before
    content = path.read_bytes()
    idle = _peak_mb()
    WORK[work](content)
    memory = _peak_mb() - idle
    times = []
    for _ in range(RUNS):
        started = time.process_time()
        WORK[work](content)
        times.append((time.process_time() - started) * 1000)
    return {
        "cpu_ms": round(statistics.median(times), 1),
        "min_ms": round(min(times), 1),
        "max_ms": round(max(times), 1),
        "memory_mb": round(memory, 1),
        "file_mb": round(len(content) / 1e6, 1),
    }


def in_child(path: Path, work: str) -> dict[str, float]:
    """`measure` in a fresh process: peak memory never falls again within one."""
    command = [sys.executable, "-m", "benchmarks.images", "--measure", str(path), work]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def show(rows: dict[str, dict[str, float]], ratio: float) -> None:
    print(f"{'':22}{'file MB':>9}{'CPU ms':>9}{'min-max':>16}{'memory MB':>11}")
    for name, row in rows.items():
        noise = f"{row['min_ms']:.0f}-{row['max_ms']:.0f}"
        print(f"{name:22}{row['file_mb']:9.1f}{row['cpu_ms']:9.1f}{noise:>16}{row['memory_mb']:11.1f}")
    print(f"\nnormalise / plain open-resize-save, 12 MP JPEG: {ratio:.2f}")
    for name, limits in BUDGET.items():
        for what, limit in limits.items():
            found = rows[f"normalise {name}"][what]
            print(f"{name} {what}: {found:.0f} of {limit} {'kept' if found <= limit else 'EXCEEDED'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/images.json")
    parser.add_argument("--measure", nargs=2, metavar=("FILE", "WORK"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(Path(options.measure[0]), options.measure[1])))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_photos(folder)
        jobs = [("plain", "jpeg-12"), *(("normalise", path.name) for path in sorted(folder.iterdir()))]
        rows = {f"{work} {photo}": in_child(folder / photo, work) for work, photo in jobs}
    ratio = rows["normalise jpeg-12"]["cpu_ms"] / rows["plain jpeg-12"]["cpu_ms"]
    show(rows, ratio)
    if options.save:
        machine = {
            "machine": platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        }
        result = {"runs": RUNS, **machine, "ratio_to_plain": round(ratio, 2), "rows": rows}
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(result, indent=2) + "\n")
        print(f"saved {RESULTS}")


if __name__ == "__main__":
    main()
