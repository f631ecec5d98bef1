"""Memory of decoded pictures goes back to the system when they are let go."""

import ctypes
from contextlib import suppress

# mallopt(3) of glibc. Without them each thread keeps an arena, and blocks of megabytes stay in it once used.
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_LARGE_BYTES, _ARENAS = 512 * 1024, 2


def return_large_blocks() -> None:
    """For this process, once, before it has threads. Does nothing where the C library has no such knob."""
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_M_ARENA_MAX, _ARENAS)
