"""Everything that was kept anywhere, in a form in which passwords can be looked for by value.

Passwords are not known while the evidence is gathered, so all that could be one is remembered: every run of eight or
more letters and digits, in what was found itself and in whatever it holds in another form: JSON's escapes, base64 (as
Celery's messages in Redis), hexadecimal (as PostgreSQL dumps bytes), compressed, and one within the other.
"""

import base64
import bz2
import gzip
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

RUN = re.compile(rb"[A-Za-z0-9]{8,}")
# Ten letters, the shortest that is looked for, fill fourteen of base64 and twenty of hexadecimal.
BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{14,}")
HEX = re.compile(rb"[0-9A-Fa-f]{20,}")
ESCAPE = re.compile(rb"\\+u00([0-7][0-9A-Fa-f])")
DEPTH = 3
CHUNK, OVERLAP = 8_000_000, 100_000
UNPACK = {b"x": zlib.decompress, b"\x1f\x8b": gzip.decompress, b"BZh": bz2.decompress}


class Evidence:
    """`add` what was found on a road, ask `find` in the end."""

    def __init__(self) -> None:
        self.runs: dict[str, set[bytes]] = defaultdict(set)
        self.unwrapped: dict[str, set[bytes]] = defaultdict(set)
        self.size: dict[str, int] = defaultdict(int)

    def add(self, road: str, content: bytes) -> None:
        self.size[road] += len(content)
        self._take(road, content, DEPTH)

    def add_file(self, road: str, path: Path) -> None:
        """In pieces that overlap."""
        with suppress(FileNotFoundError), path.open("rb") as file:
            rest = b""
            while piece := file.read(CHUNK):
                self.add(road, rest + piece)
                rest = piece[-OVERLAP:]

    def find(self, needles: Iterable[str]) -> dict[str, set[str]]:
        """Which of these stand on which road. Each must be eight or more letters and digits."""
        wanted = {needle.encode(): needle for needle in needles}
        assert all(RUN.fullmatch(needle) for needle in wanted)
        lengths = {len(needle) for needle in wanted}
        found: dict[str, set[str]] = {}
        for road, runs in self.runs.items():
            windows = (run[at : at + size] for run in runs for size in lengths for at in range(len(run) - size + 1))
            if seen := {wanted[window] for window in windows if window in wanted}:
                found[road] = seen
        return found

    def _take(self, road: str, content: bytes, depth: int) -> None:
        self.runs[road].update(RUN.findall(content))
        if b"\\u00" in content:
            self.runs[road].update(RUN.findall(_unescaped(content)))
        if depth:
            for other in self._other_forms(road, content):
                self._take(road, other, depth - 1)

    def _other_forms(self, road: str, content: bytes) -> Iterator[bytes]:
        for magic, unpack in UNPACK.items():
            if content.startswith(magic):
                with suppress(OSError, EOFError, ValueError, zlib.error):
                    yield unpack(content)
        for pattern, decode in ((BASE64, _from_base64), (HEX, _from_hex)):
            for packed in set(pattern.findall(content)) - self.unwrapped[road]:
                self.unwrapped[road].add(packed)
                yield from decode(packed)


def _unescaped(content: bytes) -> bytes:
    return ESCAPE.sub(lambda match: bytes.fromhex(match[1].decode()), content)


def _from_base64(packed: bytes) -> Iterator[bytes]:
    """Wherever in the run it may begin."""
    standard = packed.replace(b"-", b"+").replace(b"_", b"/")
    for start in range(4):
        part = standard[start:]
        # One letter over holds no whole byte.
        part = part[:-1] if len(part) % 4 == 1 else part
        with suppress(ValueError):
            yield base64.b64decode(part + b"=" * (-len(part) % 4))


def _from_hex(packed: bytes) -> Iterator[bytes]:
    for start in range(2):
        part = packed[start:]
        yield bytes.fromhex(part[: len(part) // 2 * 2].decode())
