"""Unexpected errors: what may be said of them."""

import traceback
from pathlib import Path


def place_of(problem: BaseException) -> str:
    """The kind of an error and the line that it came from, like `ValueError at client.py:1271`.

    Neither its words nor its frames, which error reporters print with all their values: in the middle of a
    delivery they hold a password or a key.
    """
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(problem.__traceback__)]
    path, line = frames[-1] if frames else ("?", 0)
    return f"{type(problem).__name__} at {Path(path).name}:{line}"
