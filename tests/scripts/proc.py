"""What runs on this machine, read from /proc: a bare machine has no `ps`."""

import sys
from pathlib import Path

import pytest

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def _fields(folder):
    try:
        # The name, in brackets, may hold spaces; the state is the first field after it, the group the third.
        return (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def living_groups():
    """The process groups that have a living member; a zombie has ended and only waits to be collected."""
    found = (_fields(folder) for folder in Path("/proc").glob("[0-9]*"))
    return {int(fields[2]) for fields in found if fields and fields[0] != "Z"}


def is_alive(pid):
    """Whether process `pid` still runs."""
    fields = _fields(Path("/proc") / str(pid))
    return fields is not None and fields[0] != "Z"


def command_lines():
    """Everybody's arguments, as any user of the machine can read them."""
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(file.read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return lines
