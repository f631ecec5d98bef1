"""How long a process may compute before the kernel gives its core to another."""

import ctypes
import platform
import struct
import sys

# A little less than one hash takes. Two hashes that take turns every 3 ms (Linux' own measure) fetch their 19 MiB from
# memory again and again, and so does everything else: passwords cost 8% more (docs/decisions/0005).
TURN_SECONDS = 0.02

# <linux/sched/types.h>, struct sched_attr: size, policy, flags, nice, priority, runtime, deadline, period.
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")
# The C library has no functions for them before glibc 2.41: <asm/unistd.h>, sched_setattr and sched_getattr.
_NUMBERS = {"x86_64": (314, 315), "aarch64": (274, 275)}
_ORDINARY = (0, 3)  # SCHED_OTHER, SCHED_BATCH: the others' "runtime" is something else


def take_long_turns() -> bool:
    """Lets this process and its children compute for TURN_SECONDS at a time; whether the kernel took it.

    Those with shorter turns (web, database, broker) come first all the same. Linux from 6.12 on; older ones take it
    and do as before.
    """
    numbers = _NUMBERS.get(platform.machine()) if sys.platform == "linux" else None
    if numbers is None:
        return False
    call = ctypes.CDLL(None).syscall
    setting, getting = numbers
    found = ctypes.create_string_buffer(_ATTRIBUTES.size)
    if call(getting, 0, found, _ATTRIBUTES.size, 0):
        return False
    _size, policy, flags, nice, *_others = _ATTRIBUTES.unpack(found.raw)
    if policy not in _ORDINARY:
        return False
    # What somebody chose for the whole worker (nice, chrt) stays.
    wanted = _ATTRIBUTES.pack(_ATTRIBUTES.size, policy, flags, nice, 0, int(TURN_SECONDS * 1e9), 0, 0)
    return bool(call(setting, 0, wanted, 0) == 0)
