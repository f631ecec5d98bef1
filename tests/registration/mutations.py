"""Real photo files and what can happen to them on the way, for the tests with thousands of broken files.

`python -m tests.registration.mutations KIND SEED COUNT` feeds COUNT mutations of one file to `normalise` in a
process of its own and prints what came of them as JSON, with the most memory that the process ever had.
"""

import io
import json
import os
import random
import struct
import subprocess
import sys
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import django

from registration.demo_images import draw_id_card, draw_portrait, photo_like
from registration.images import ImageRefused, normalise
from tests.registration.pictures import chunk, display_p3_like, encoded, secret_exif

ROOT = Path(__file__).parents[2]
Dice = random.Random
SMALL = ("jpeg", "progressive", "mpo", "png", "palette", "webp", "heic", "avif")
# As phones send them: where a lie about the size costs most.
LARGE = ("jpeg-12", "progressive-12", "png-12", "webp-12", "heic-12", "avif-12")
# A worker without work has some 100 MB: 300 MB in all.
MAX_MB_ABOVE_IDLE, MAX_SECONDS = 200, 5
_PNG_HEAD, _JPEG_FRAMES = 8, (0xC0, 0xC1, 0xC2, 0xC3)


def photo_file(kind: str) -> bytes:
    """One of `SMALL` or `LARGE`, with the metadata of a camera."""
    name = kind.removesuffix("-12")
    if kind in LARGE:
        card = draw_id_card("front", name="Nguyễn Thị Mẫu", number="079190000123", seed=1)
        picture = photo_like(card, 12)
    else:
        picture = draw_portrait(3).resize((240, 320))
    options = {"exif": secret_exif(), "icc_profile": display_p3_like()}
    if name == "palette":
        return encoded(picture.quantize(16), "PNG", **options)
    if name == "mpo":
        return encoded(picture, "MPO", save_all=True, append_images=[picture.rotate(3)], **options)
    own = {
        "progressive": {"progressive": True},
        "png": {"compress_level": 1},
        "webp": {"method": 0},
        "avif": {"speed": 10},
    }
    formats = {"jpeg": "JPEG", "progressive": "JPEG", "png": "PNG", "webp": "WEBP", "heic": "HEIF", "avif": "AVIF"}
    return encoded(picture, formats[name], **own.get(name, {}), **options)


# -- What any file may suffer -----------------------------------------------------------------------------------
def _place(data: bytes, dice: Dice) -> int:
    """Mostly near the start, where the headers are."""
    return min(int(len(data) * dice.random() ** 3), max(0, len(data) - 1))


def _truncated(data: bytes, dice: Dice) -> bytes:
    return data[: dice.randrange(len(data))]


def _bits_flipped(data: bytes, dice: Dice) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 8, 64))):
        changed[_place(data, dice)] ^= 1 << dice.randrange(8)
    return bytes(changed)


def _overwritten(data: bytes, dice: Dice) -> bytes:
    at, size = _place(data, dice), dice.choice((2, 4, 4, 8))
    value = dice.choice((b"\xff" * 8, bytes(8), b"\x7f" + b"\xff" * 7, dice.randbytes(8)))
    return data[:at] + value[:size] + data[at + size :]


def _cut_out(data: bytes, dice: Dice) -> bytes:
    at = _place(data, dice)
    return data[:at] + data[at + dice.choice((1, 7, 64, 1000)) :]


def _doubled(data: bytes, dice: Dice) -> bytes:
    at, size = _place(data, dice), dice.choice((1, 16, 500))
    return data[: at + size] + data[at : at + size] * dice.choice((1, 1, 50)) + data[at + size :]


def _spliced(data: bytes, dice: Dice) -> bytes:
    """The head of one file on the body of another kind."""
    other = photo_part(dice)
    return data[: _place(data, dice)] + other[_place(other, dice) :]


_parts: list[bytes] = []


def photo_part(dice: Dice) -> bytes:
    if not _parts:
        _parts.extend(photo_file(kind) for kind in SMALL)
    return dice.choice(_parts)


# -- What only a file of known build may suffer -----------------------------------------------------------------
def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of the parts of a JPEG, PNG, WebP or HEIF file, as far as they can be told."""
    at = {b"\xff\xd8": 2, b"\x89P": _PNG_HEAD, b"RI": 12}.get(data[:2], 0)
    while at + 8 <= len(data):
        if data[:2] == b"\xff\xd8":
            size = 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            last = data[at + 1] == 0xDA
            size = len(data) - at if last else size
        elif data[:2] == b"\x89P":
            size = 12 + int.from_bytes(data[at : at + 4], "big")
        elif data[:2] == b"RI":
            length = int.from_bytes(data[at + 4 : at + 8], "little")
            size = 8 + length + length % 2
        else:
            size = max(8, int.from_bytes(data[at : at + 4], "big"))
        yield at, min(at + size, len(data))
        at += size


def _segments_swapped(data: bytes, dice: Dice) -> bytes:
    parts = list(_segments(data))
    if len(parts) < 2:
        return _bits_flipped(data, dice)
    (first, first_end), (second, second_end) = sorted(dice.sample(parts, 2))
    middle = data[first_end:second]
    return data[:first] + data[second:second_end] + middle + data[first:first_end] + data[second_end:]


def _segment_repeated(data: bytes, dice: Dice) -> bytes:
    start, end = dice.choice(list(_segments(data)) or [(0, 1)])
    return data[:end] + data[start:end] * dice.choice((1, 3, 40)) + data[end:]


def _segment_dropped(data: bytes, dice: Dice) -> bytes:
    start, end = dice.choice(list(_segments(data)) or [(0, 1)])
    return data[:start] + data[end:]


def _size_of(dice: Dice) -> tuple[int, int]:
    """Sizes from nothing to far beyond the limit, many of them just inside it."""
    inside = ((7000, 7000), (8165, 6123), (49_000, 1000), (1000, 49_000), (5656, 8484), (250, 65_000))
    outside = ((0, 0), (1, 50_000_000), (65_535, 65_535), (2**31 - 1, 2**31 - 1), (2**32 - 1, 1), (7072, 7072))
    return dice.choice((*inside, *inside, *outside, (dice.randrange(20_000), dice.randrange(20_000))))


def _resized(data: bytes, dice: Dice) -> bytes:
    """Another width and height in the header, with its checksum put right: a bomb, or a lie."""
    width, height = _size_of(dice)
    if data[:2] == b"\x89P":
        head = struct.pack(">II", width, height) + data[24:29]
        return data[:_PNG_HEAD] + chunk(b"IHDR", head) + data[33:]
    if data[:2] == b"\xff\xd8":
        size = struct.pack(">HH", min(height, 65_535), min(width, 65_535))
        frames = [at for at, _ in _segments(data) if data[at + 1] in _JPEG_FRAMES]
        return data[: frames[0] + 5] + size + data[frames[0] + 9 :] if frames else data
    if data[:2] == b"RI":
        return _webp_resized(data, width, height)
    at = data.find(b"ispe")
    return data if at < 0 else data[: at + 8] + struct.pack(">II", width, height) + data[at + 16 :]


def _webp_resized(data: bytes, width: int, height: int) -> bytes:
    changed = bytearray(data)
    if data[12:16] == b"VP8X":
        changed[24:27] = struct.pack("<I", min(max(width - 1, 0), 2**24 - 1))[:3]
        changed[27:30] = struct.pack("<I", min(max(height - 1, 0), 2**24 - 1))[:3]
    at = data.find(b"VP8 ")
    if at >= 0 and width % 3:
        changed[at + 14 : at + 18] = struct.pack("<HH", width & 0x3FFF, height & 0x3FFF)
    return bytes(changed)


def _reheaded(data: bytes, dice: Dice) -> bytes:
    """A PNG of another depth, colour or interlacing with a right checksum; another kind gets many bits flipped."""
    if data[:2] != b"\x89P":
        return _bits_flipped(_bits_flipped(data, dice), dice)
    depth, colour = dice.choice((1, 2, 4, 8, 16, 3)), dice.choice((0, 2, 3, 4, 6, 5))
    head = data[16:24] + bytes([depth, colour, 0, 0, dice.choice((0, 1))])
    return data[:_PNG_HEAD] + chunk(b"IHDR", head) + data[33:]


def _inflated(data: bytes, dice: Dice) -> bytes:
    """A PNG whose pixels, profile or text unpack to far more than the file holds; others get a long tail."""
    if data[:2] != b"\x89P":
        return data + dice.randbytes(16) * 50_000
    packed = zlib.compress(bytes(30_000_000))
    name, start = dice.choice(((b"iCCP", b"x\0\0"), (b"zTXt", b"x\0\0"), (b"iTXt", b"x\0\1\0\0\0"), (b"IDAT", b"")))
    return data[:33] + chunk(name, start + packed) + data[33:]


MUTATIONS: tuple[Callable[[bytes, Dice], bytes], ...] = (
    _truncated, _bits_flipped, _overwritten, _cut_out, _doubled, _spliced, _segments_swapped, _segment_repeated,
    _segment_dropped, _resized, _reheaded, _inflated,
)  # fmt: skip


def mutated(data: bytes, turn: int, dice: Dice) -> bytes:
    """The file after one mutation, each kind in its turn, and sometimes another one."""
    changed = MUTATIONS[turn % len(MUTATIONS)](data, dice)
    if changed and dice.random() < 0.2:
        changed = dice.choice(MUTATIONS)(changed, dice)
    return changed


# -- The process that takes them --------------------------------------------------------------------------------
def peak_mb() -> float:
    """The most memory that this process has had (ru_maxrss would begin with what its parent had)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def feed(content: bytes, seed: int, count: int) -> dict[str, object]:
    """What came of so many mutations of the file. An error that is no refusal leaves with the file's turn named."""
    dice, outcomes, slowest = Dice(seed), Counter[str](), 0.0
    for turn in range(count):
        data = mutated(content, turn, dice)
        started = time.perf_counter()
        try:
            normalise(io.BytesIO(data), dice.choice(("portrait", "id_front")))
            outcomes["taken"] += 1
        except ImageRefused as refusal:
            str(refusal.message)
            outcomes[refusal.code] += 1
        except BaseException as error:
            raise AssertionError(f"turn {turn} of seed {seed}") from error
        slowest = max(slowest, time.perf_counter() - started)
    return {"outcomes": outcomes, "slowest_seconds": slowest}


def feed_in_child(folder: Path, kind: str, count: int, seed: int = 11) -> dict:
    """`feed` in a fresh process: peak memory never falls again, and a codec's crash kills only that one."""
    paths = {name: folder / f"{'small' if name in SMALL else 'large'}-{name}" for name in (*SMALL, kind)}
    for name, path in paths.items():
        if not path.exists():
            path.write_bytes(photo_file(name))
    command = [sys.executable, "-m", "tests.registration.mutations", str(paths[kind]), str(seed), str(count)]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{kind}: code {done.returncode}\n{done.stderr[-3000:]}"
    return json.loads(done.stdout)


def main() -> None:
    path, seed, count = sys.argv[1:]
    warnings.simplefilter("ignore")
    django.setup()  # the texts of refusals need it, and its memory belongs to the program's
    # The file comes ready made: drawing it would count as memory too.
    content = Path(path).read_bytes()
    _parts.extend(part.read_bytes() for part in sorted(Path(path).parent.glob("small-*")))
    normalise(io.BytesIO(_parts[0]), "portrait")  # codecs loaded: idle is a process that has worked before
    idle = peak_mb()
    print(json.dumps({**feed(content, int(seed), int(count)), "idle_mb": idle, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
