"""Runs several programs together: honcho's manager, with stricter manners at the end."""

import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import honcho.manager
from honcho.printer import Message, Printer
from honcho.process import Popen, Process

from scripts.processes import follow_parent

# A worker may be in the middle of a PDF or of an SMS; what it cannot finish, the sweep takes up again.
honcho.manager.KILL_WAIT = 15


def stop_signals() -> list[signal.Signals]:
    """The signals that mean "stop everything"; a closing terminal is none of them under `nohup`."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    return numbers if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else [*numbers, signal.SIGHUP]


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


class Supervisor(honcho.manager.Manager):  # type: ignore[misc]
    """Starts all programs, and stops all as soon as one ends or a signal asks for it."""

    def __init__(self, on_start: Callable[[], None]) -> None:
        super().__init__(QuietPrinter(sys.stdout))
        self._process_ctor = LeashedProcess
        self._on_start = on_start
        self.stop_signal: int | None = None
        self.first_ended: str | None = None

    def _start(self) -> None:
        # The manager's own handlers print and kill from inside the signal, at whatever point the loop is.
        # These only take a note, and the loop looks at it ten times a second.
        for number in stop_signals():
            signal.signal(number, self._note_signal)
        super()._start()
        self._on_start()

    def _note_signal(self, number: int, _frame: FrameType | None) -> None:
        self.stop_signal = self.stop_signal or number

    def _any_stopped(self) -> bool:
        if self.first_ended is None and not self._terminating:
            ended = (name for name, each in self._processes.items() if each.get("returncode") is not None)
            self.first_ended = next(ended, None)
        return self.stop_signal is not None or self._printer.closed or self.first_ended is not None

    def _system_print(self, data: str) -> None:
        """Without the manager's remarks on signals and process numbers; a person reads this."""

    def supervise(self) -> int:
        """Run until the end; 0 after SIGTERM or SIGHUP, 130 after Ctrl-C, 1 when one ended on its own."""
        self.loop()
        if self.stop_signal is not None:
            return 130 if self.stop_signal == signal.SIGINT else 0
        if self.first_ended is not None:
            code = self._processes[self.first_ended]["returncode"]
            print(
                f"{self.first_ended} ended by itself (exit code {code}); the others were stopped.",
                file=sys.stderr,
            )
        return 1
