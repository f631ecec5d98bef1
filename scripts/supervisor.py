"""Runs several programs together: honcho's manager, with stricter manners at the end."""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any

import honcho.manager
from honcho.printer import Message, Printer
from honcho.process import Popen, Process

from scripts.processes import follow_parent

# A worker may be in the middle of a PDF or of an SMS; what it cannot finish, the sweep takes up again.
honcho.manager.KILL_WAIT = 15
READY_SECONDS = 60
# A program that ended by itself is started again after so many seconds; when that was of no use so often, all ends.
RESTART_SECONDS = (1, 2, 5, 10, 20)
# One that has run for so long since is as good as new.
STEADY_SECONDS = 600


def stop_signals() -> list[signal.Signals]:
    """The signals that mean "stop everything"; a closing terminal is none of them under `nohup`."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    return numbers if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else [*numbers, signal.SIGHUP]


def tell(line: str) -> None:
    """One line to the person at the terminal, who may be gone."""
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)


class QuietPrinter(Printer):  # type: ignore[misc]
    """Prints until there is nobody to read; then the programs should stop instead of us failing half-way."""

    closed = False

    def write(self, message: Message) -> None:
        """Print one line of one program."""
        if self.closed:
            return
        try:
            super().write(message)
        except (OSError, ValueError):
            self.close()

    def close(self) -> None:
        """Print nothing any more."""
        self.closed = True
        # What is still in the buffer must find somewhere to go when Python empties it at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.output.fileno())


class LeashedProcess(Process):  # type: ignore[misc]
    """A program that also ends when the supervisor was killed without a chance to say so."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Asked here, in the supervisor: `run` is called in a process of its own between us and the program.
        self._follow_supervisor: Callable[[], None] = follow_parent(signal.SIGKILL)

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        """Start the program and pass its output on until it ends."""
        self._follow_supervisor()
        self._child_ctor = partial(Popen, preexec_fn=follow_parent(signal.SIGTERM))
        super().run(events, ignore_signals)


@dataclass
class Restarts:
    """How often something was started again in a row, and when that is due next (time.monotonic) or was last."""

    seconds: Sequence[float]
    count: int = 0
    at: float = 0.0
    is_due: bool = False

    def plan(self) -> bool:
        """Plans the next start; False when there were enough of them."""
        now = time.monotonic()
        if self.at and now - self.at > STEADY_SECONDS:
            self.count = 0
        if self.count >= len(self.seconds):
            return False
        self.at, self.is_due = now + self.seconds[self.count], True
        self.count += 1
        return True

    def take(self) -> bool:
        """Whether the planned start is to be made now."""
        if not self.is_due or time.monotonic() < self.at:
            return False
        self.is_due = False
        return True

    def __str__(self) -> str:
        return f"{self.count} of {len(self.seconds)}"


class Supervisor(honcho.manager.Manager):  # type: ignore[misc]
    """Starts all programs and stops all when a signal asks for it. One that ends by itself is started again, after the
    pauses of `restarts` (seconds); when it ends once more after the last of them all are stopped.

    The first program has the machine to itself until `is_ready` says so (60 seconds at most); then `announce` is
    called and the others start. Side by side they would take twice as long to the first page. When it ends before
    that, all ends: what cannot start once will not start later. `tend` is called ten times a second: False ends all.
    """

    def __init__(
        self,
        is_ready: Callable[[], bool],
        announce: Callable[[], None],
        tend: Callable[[], bool] = lambda: True,
        restarts: Sequence[float] = RESTART_SECONDS,
    ) -> None:
        super().__init__(QuietPrinter(sys.stdout))
        self._process_ctor = LeashedProcess
        self._is_ready, self._announce, self._tend = is_ready, announce, tend
        self._pauses, self._restarts = restarts, dict[str, Restarts]()
        self._was_ready = True
        self.stop_signal: int | None = None
        self.first_ended: str | None = None
        self.is_abandoned = False

    def _start(self) -> None:
        # The manager's own handlers print and kill from inside the signal, at whatever point the loop is.
        # These only take a note, and the loop looks at it ten times a second.
        for number in stop_signals():
            signal.signal(number, self._note_signal)
        first, *others = self._processes.values()
        self._launch(first)
        if self._comes_up(first["process"]):
            try:
                self._announce()
            except OSError:
                self._printer.close()
        else:
            self._was_ready = first["process"].is_alive()
        for each in others:
            self._launch(each)

    def _launch(self, entry: dict[str, Any]) -> None:
        program = entry["obj"]
        entry["process"] = multiprocessing.Process(name=program.name, target=program.run, args=(self.events, True))
        entry["process"].start()

    def _comes_up(self, process: multiprocessing.Process) -> bool:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and process.is_alive() and self.stop_signal is None:
            if self._is_ready():
                return True
            time.sleep(0.1)
        return False

    def _note_signal(self, number: int, _frame: FrameType | None) -> None:
        self.stop_signal = self.stop_signal or number

    def _any_stopped(self) -> bool:
        """Asked by the manager's loop: whether all are to be stopped now."""
        if self.stop_signal is not None or self._printer.closed or self._terminating:
            return True
        self.is_abandoned = self.is_abandoned or not self._tend()
        for name, each in self._processes.items():
            if each.get("returncode") is not None and self.first_ended is None:
                self._look_after(name, each)
        return self.first_ended is not None or self.is_abandoned

    def _all_stopped(self) -> bool:
        waits = any(each.is_due for each in self._restarts.values()) and not self._terminating
        return bool(super()._all_stopped()) and not waits

    def _look_after(self, name: str, entry: dict[str, Any]) -> None:
        """Starts a program again that ended by itself, when its time has come."""
        restarts = self._restarts.setdefault(name, Restarts(self._pauses))
        if restarts.take():
            entry.pop("returncode")
            self._launch(entry)
        elif not restarts.is_due:
            if not self._was_ready or not restarts.plan():
                self.first_ended = name
                return
            tell(f"{name} ended by itself (exit code {entry['returncode']}); it is started again ({restarts}).")

    def _system_print(self, data: str) -> None:
        """Without the manager's remarks on signals and process numbers; a person reads this."""

    def supervise(self) -> int:
        """Run until the end; 0 after SIGTERM or SIGHUP, 130 after Ctrl-C, 1 when one ended on its own."""
        try:
            self.loop()
        except BaseException:
            self._abandon()
            raise
        if self.stop_signal is not None:
            return 130 if self.stop_signal == signal.SIGINT else 0
        if self.first_ended is not None:
            code = self._processes[self.first_ended]["returncode"]
            tell(f"{self.first_ended} ended by itself (exit code {code}); the others were stopped.")
        return 1

    def _abandon(self) -> None:
        """After a mistake of our own: end what stands between us and the programs, and so (on Linux) them."""
        for each in self._processes.values():
            if "process" in each:
                each["process"].kill()
